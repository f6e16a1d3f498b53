package up

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"datahub.io/slipway/sandbox/gateway"
	"datahub.io/slipway/sandbox/supervise"
)

// ports of one sandbox, all on the loopback interface.
type ports struct{ etcd, etcdPeer, apiserver, controllers, scheduler, kubelet, kwok, gateway, prometheus, metrics, outside, control int }

func choosePorts() (p ports, err error) {
	all := []*int{
		&p.etcd, &p.etcdPeer, &p.apiserver, &p.controllers, &p.scheduler, &p.kubelet, &p.kwok, &p.gateway, &p.prometheus, &p.metrics, &p.outside, &p.control,
	}
	free, err := supervise.Ports(len(all))
	for i := range free {
		*all[i] = free[i]
	}
	return p, err
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Names of the parts, in the order of dependence.
const (
	etcd        = "etcd"
	apiserver   = "apiserver"
	controllers = "controllers"
	scheduler   = "scheduler"
	kwok        = "kwok"
	gatewayPart = "gateway"
	prometheus  = "prometheus"
	metrics     = "metrics"
	outsidePart = "outside"
)

// parts says how each part is started and when it is ready.
func parts(d *Dir, p ports, o Options, authority []byte) []supervise.Part {
	admin, crt, key := d.file(adminKubeconfig), d.file("pki", "serving.crt"), d.file("pki", "serving.key")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	secure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	speed := strconv.FormatFloat(o.Speed, 'g', -1, 64)
	serve := []string{"--kubeconfig=" + admin, "--listen=" + local(p.gateway), "--speed=" + speed}
	all := []supervise.Part{
		{Name: etcd, Ready: answers(http.DefaultClient, "http://"+local(p.etcd)+"/health", "true"), Args: []string{
			"--data-dir=" + d.file("etcd"), "--unsafe-no-fsync", "--log-level=warn",
			"--listen-client-urls=http://" + local(p.etcd), "--advertise-client-urls=http://" + local(p.etcd),
			"--listen-peer-urls=http://" + local(p.etcdPeer), "--initial-advertise-peer-urls=http://" + local(p.etcdPeer),
			"--initial-cluster=default=http://" + local(p.etcdPeer),
		}},
		{Name: apiserver, Ready: answers(secure, "https://"+local(p.apiserver)+"/readyz", "ok"), Args: []string{
			"--etcd-servers=http://" + local(p.etcd), "--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(p.apiserver),
			"--tls-cert-file=" + crt, "--tls-private-key-file=" + key, "--cert-dir=" + d.file("pki"),
			"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + key,
			"--service-account-signing-key-file=" + key, "--token-auth-file=" + d.file("pki", "tokens.csv"),
			"--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount",
			"--kubelet-certificate-authority=" + d.file("pki", "ca.crt"), "--kubelet-preferred-address-types=InternalIP",
			"--profiling=false", "--shutdown-delay-duration=0",
		}},
		{Name: controllers, Ready: answers(secure, "https://"+local(p.controllers)+"/healthz", "ok"), Args: []string{
			"--kubeconfig=" + admin, "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(p.controllers),
			"--tls-cert-file=" + crt, "--tls-private-key-file=" + key, "--kube-api-qps=200", "--kube-api-burst=400", "--profiling=false",
			"--controllers=deployment-controller,replicaset-controller,job-controller,garbage-collector-controller,namespace-controller," +
				"serviceaccount-controller,endpointslice-controller,node-lifecycle-controller," +
				"resourcequota-controller,horizontal-pod-autoscaler-controller",
			"--horizontal-pod-autoscaler-sync-period=5s",
			"--horizontal-pod-autoscaler-downscale-stabilization=" + quicker(5*time.Minute, o.Speed),
			"--horizontal-pod-autoscaler-cpu-initialization-period=" + quicker(5*time.Minute, o.Speed),
			// While the API server is stopped no node can say that it lives, and pods and traffic go on all the same.
			"--node-monitor-grace-period=24h",
		}},
		{Name: scheduler, Ready: answers(secure, "https://"+local(p.scheduler)+"/healthz", "ok"), Args: []string{
			"--kubeconfig=" + admin, "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(p.scheduler),
			"--tls-cert-file=" + crt, "--tls-private-key-file=" + key, "--kube-api-qps=200", "--kube-api-burst=400", "--profiling=false",
		}},
		{Name: kwok, Ready: both(
			answers(http.DefaultClient, "http://"+local(p.kwok)+"/healthz", ""),
			answers(secure, "https://"+local(p.kubelet)+"/healthz", "ok"),
		), Args: []string{
			"--kubeconfig=" + admin, "--listen=" + local(p.kubelet), "--cert=" + crt, "--key=" + key, "--speed=" + speed, "--",
			"--kubeconfig=" + admin, "--manage-all-nodes=true", "--cidr=10.244.0.0/16", "--node-ip=127.0.0.1",
			"--server-address=" + local(p.kwok), "--config=" + d.file(stagesFile),
		}},
		{
			Name: gatewayPart, Ready: answers(http.DefaultClient, "http://"+local(p.gateway)+"/metrics", ""),
			Args: append([]string{"--history=1h"}, serve...), Again: serve,
		},
		{Name: prometheus, Ready: answers(http.DefaultClient, "http://"+local(p.prometheus)+"/-/ready", ""), Args: []string{
			"--dir=" + d.file("prometheus"), "--listen=" + local(p.prometheus), "--target=" + local(p.gateway), "--interval=" + gateway.ScrapeInterval.String(),
		}},
		{Name: metrics, Ready: answers(secure, "https://"+local(p.metrics)+"/apis/metrics.k8s.io/v1beta1", ""), Args: []string{
			"--kubeconfig=" + admin, "--listen=" + local(p.metrics), "--cert=" + crt, "--key=" + key, "--gateway=" + local(p.gateway),
		}},
		{Name: outsidePart, Ready: answers(http.DefaultClient, "http://"+local(p.outside)+"/ready", "ok"), Args: []string{
			"--listen=" + local(p.outside), "--dir=" + d.file("git"),
		}},
	}
	env := environment(os.Environ(), d.path)
	for i := range all {
		all[i].Env = append(slices.Clip(env), PartVariable+"="+all[i].Name)
	}
	return all
}

// PartVariable is the variable that has a part's name in its own process.
const PartVariable = "SANDBOX_PART"

// quicker is a delay of the control plane at the sandbox's speed, in whole seconds.
func quicker(delay time.Duration, speed float64) string {
	return max(time.Duration(float64(delay)/speed).Truncate(time.Second), time.Second).String()
}

// environment is an environment without what would configure parts behind the sandbox's back. Their home is the sandbox's directory: kwok takes
// ~/.kwok/kwok.yaml.
func environment(of []string, home string) []string {
	foreign := regexp.MustCompile(`^(ETCD_|KWOK_|KUBE|HOME=|SANDBOX_PART=)`)
	return append(slices.DeleteFunc(of, foreign.MatchString), "HOME="+home)
}

// answers returns a readiness check: a GET of the URL is answered with 200 and a body that contains the given text.
func answers(client *http.Client, url, text string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK || !strings.Contains(string(body), text) {
			return fmt.Errorf("GET %s: %s", url, response.Status)
		}
		return nil
	}
}

// both is ready when each of its checks is.
func both(a, b func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := a(ctx); err != nil {
			return err
		}
		return b(ctx)
	}
}
