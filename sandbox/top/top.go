// Package top is the sandbox's resource metrics API, metrics.k8s.io/v1beta1: what metrics-server is elsewhere, with the gateway's figures in place
// of kubelets'. It stands behind the API server's aggregation layer, which authenticates and authorises.
package top

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"datahub.io/slipway/sandbox/gateway"
)

// Main serves until it is told to end, and returns the exit code.
func Main(args []string) int {
	flags := flag.NewFlagSet("metrics", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of an administrator")
	listen := flags.String("listen", "127.0.0.1:4443", "address to serve on, with TLS")
	certificate := flags.String("cert", "", "file of the serving certificate")
	key := flags.String("key", "", "file of its key")
	source := flags.String("gateway", "", "host:port of the gateway, whose figures are served")
	flags.Parse(args)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *listen, *certificate, *key, *source); err != nil {
		fmt.Fprintln(os.Stderr, "metrics:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, kubeconfig, listen, certificate, key, source string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: listen, Handler: (&api{client, source}).handler()}
	go func() { <-ctx.Done(); server.Close() }()
	if err := server.ListenAndServeTLS(certificate, key); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type api struct {
	client kubernetes.Interface
	source string
}

func (a *api) handler() http.Handler {
	const root = "/apis/metrics.k8s.io/v1beta1"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, &metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: v1beta1.SchemeGroupVersion.String(),
			APIResources: []metav1.APIResource{{Name: "pods", Namespaced: true, Kind: "PodMetrics", Verbs: metav1.Verbs{"get", "list"}}},
		})
	})
	mux.HandleFunc("GET "+root+"/pods", a.list)
	mux.HandleFunc("GET "+root+"/namespaces/{namespace}/pods", a.list)
	mux.HandleFunc("GET "+root+"/namespaces/{namespace}/pods/{pod}", a.get)
	return mux
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	items, err := a.metrics(r.Context(), r.PathValue("namespace"), metav1.ListOptions{
		LabelSelector: r.FormValue("labelSelector"), FieldSelector: r.FormValue("fieldSelector"), ResourceVersion: "0",
	})
	if err != nil {
		unavailable(w, err)
		return
	}
	answer(w, http.StatusOK, &v1beta1.PodMetricsList{
		TypeMeta: metav1.TypeMeta{Kind: "PodMetricsList", APIVersion: v1beta1.SchemeGroupVersion.String()}, Items: items,
	})
}

func (a *api) get(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("pod")
	items, err := a.metrics(r.Context(), r.PathValue("namespace"), metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		unavailable(w, err)
		return
	}
	if len(items) == 0 {
		answer(w, http.StatusNotFound, failure(http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("podmetrics %q not found", name)))
		return
	}
	answer(w, http.StatusOK, &items[0])
}

// metrics joins the pods that match with what they use. A pod of which no container runs has no metrics, as with metrics-server.
func (a *api) metrics(ctx context.Context, namespace string, options metav1.ListOptions) ([]v1beta1.PodMetrics, error) {
	usage, err := a.usage(ctx)
	if err != nil {
		return nil, err
	}
	pods, err := a.client.CoreV1().Pods(namespace).List(ctx, options)
	if err != nil {
		return nil, err
	}
	const window = 15 * time.Second
	now, items := metav1.Now(), []v1beta1.PodMetrics{}
	for _, pod := range pods.Items {
		var containers []v1beta1.ContainerMetrics
		for _, u := range usage[pod.Namespace+"/"+pod.Name] {
			containers = append(containers, v1beta1.ContainerMetrics{Name: u.Container, Usage: corev1.ResourceList{
				corev1.ResourceCPU:    *resource.NewScaledQuantity(int64(u.CPU*1e9), resource.Nano),
				corev1.ResourceMemory: *resource.NewQuantity(int64(u.Memory)/1024*1024, resource.BinarySI),
			}})
		}
		if containers == nil {
			continue
		}
		items = append(items, v1beta1.PodMetrics{
			TypeMeta:   metav1.TypeMeta{Kind: "PodMetrics", APIVersion: v1beta1.SchemeGroupVersion.String()},
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels, CreationTimestamp: now},
			Timestamp:  now, Window: metav1.Duration{Duration: window},
			Containers: containers,
		})
	}
	return items, nil
}

// usage asks the gateway what the containers of pods use, by namespace/name of the pod.
func (a *api) usage(ctx context.Context) (map[string][]gateway.Usage, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.source+"/usage", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the gateway's figures: %w", err)
	}
	defer response.Body.Close()
	var all []gateway.Usage
	if err := json.NewDecoder(response.Body).Decode(&all); err != nil {
		return nil, fmt.Errorf("the gateway's figures: %w", err)
	}
	out := make(map[string][]gateway.Usage, len(all))
	for _, u := range all {
		out[u.Namespace+"/"+u.Pod] = append(out[u.Namespace+"/"+u.Pod], u)
	}
	return out, nil
}

func unavailable(w http.ResponseWriter, err error) {
	answer(w, http.StatusServiceUnavailable, failure(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, err.Error()))
}

func failure(code int32, reason metav1.StatusReason, message string) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
