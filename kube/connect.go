package kube

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	metricsclient "k8s.io/metrics/pkg/client/clientset/versioned"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// Options say which Deployment of which cluster.
type Options struct {
	Kubeconfig string        // a file; empty: $KUBECONFIG, ~/.kube/config, then the pod's own account
	Context    string        // empty: the current one
	Namespace  string        // empty: the context's
	Deployment string        // required
	Container  string        // the released container; empty: the first
	Timeout    time.Duration // of one reading request; 0: 4 s
	Canary     *Canary       // nil: there is none
}

// Client is the way to one Deployment, and to what a canary beside it needs. Its
// methods may be called at the same time.
type Client struct {
	cluster    string
	own        bool // cluster is a pod's own account
	server     string
	namespace  string
	deployment string
	container  string
	timeout    time.Duration

	fingerprint string
	identity    *identity // shared with that of the canary

	kube    kubernetes.Interface
	metrics metricsclient.Interface
	http    *http.Client // what both speak through
	clock   *clock       // of the API server

	canary   *Canary            // nil: none of the following
	second   *Client            // of the canary's Deployment
	manifest *appsv1.Deployment // nil: the canary is derived from stable
	dynamic  dynamic.Interface  // for the kinds that a cluster need not have
	objects  metadata.Interface // for that of which only the metadata is read

	retry      chan struct{} // capacity 1: try a lost link now
	retrySplit chan struct{} // capacity 1: read the split now
	mu         sync.Mutex
	written    written                         // by this client, last
	again      chan struct{}                   // capacity 1: ask at once
	history    *history                        // the ReplicaSets as the running Watch knows them
	served     map[schema.GroupResource]string // the version of each custom kind
}

// ownAccount is what Cluster answers for a pod's own account.
const ownAccount = "in-cluster"

const (
	defaultTimeout = 4 * time.Second
	userAgent      = "slipway"
	fieldManager   = "slipway"
	qps, burst     = 50, 100
)

// Connect reads the kubeconfig. It does not touch the network, and it does not
// let the Kubernetes client write to the terminal.
func Connect(opts Options) (*Client, error) {
	quiet()
	if opts.Deployment == "" {
		return nil, errors.New("no deployment is named: set deployment.name")
	}
	found, err := locate(opts)
	if err != nil {
		return nil, err
	}
	cfg := found.rest
	cfg.UserAgent = userAgent
	cfg.QPS, cfg.Burst = qps, burst
	cfg.WarningHandler = rest.NoWarnings{}
	server := &clock{}
	cfg.Wrap(server.wrap)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return boundedAnswers{next} })
	if cfg.ExecProvider != nil {
		// A credential plugin must not eat the keys that are pressed.
		cfg.ExecProvider.StdinUnavailable = true
		cfg.ExecProvider.StdinUnavailableMessage = "slipway owns the terminal; sign in before starting it"
	}
	web, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("use context %q: %w", found.context, err)
	}
	metrics, err := metricsclient.NewForConfigAndClient(cfg, web)
	if err != nil {
		return nil, fmt.Errorf("use context %q: %w", found.context, err)
	}
	binary := rest.CopyConfig(cfg)
	binary.ContentType = "application/vnd.kubernetes.protobuf"
	binary.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	kube, err := kubernetes.NewForConfigAndClient(binary, web)
	if err != nil {
		return nil, fmt.Errorf("use context %q: %w", found.context, err)
	}
	objects, err := dynamic.NewForConfigAndClient(dynamic.ConfigFor(cfg), web)
	if err != nil {
		return nil, fmt.Errorf("use context %q: %w", found.context, err)
	}
	bare, err := metadata.NewForConfigAndClient(metadata.ConfigFor(cfg), web)
	if err != nil {
		return nil, fmt.Errorf("use context %q: %w", found.context, err)
	}
	c := newClient(kube, metrics, opts)
	c.objects = bare
	c.cluster, c.own, c.server, c.namespace, c.http, c.clock = found.context, found.own, release.ShownAddress(cfg.Host), found.namespace, web, server
	c.fingerprint = fingerprint(cfg)
	if opts.Canary != nil {
		if err := c.pair(*opts.Canary, objects); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// pair adds the canary. Its manifest is read here, and only here: what is shown
// before a release is what is created in it.
func (c *Client) pair(canary Canary, objects dynamic.Interface) error {
	if err := canary.check(c.deployment); err != nil {
		return err
	}
	if canary.Manifest != "" && !canary.Aside {
		d, err := readManifest(canary.Manifest, canary.Deployment, c.namespace, c.container)
		if err != nil {
			return err
		}
		c.manifest = d
	}
	c.canary, c.dynamic = &canary, objects
	c.second = &Client{
		cluster: c.cluster, server: c.server, namespace: c.namespace, deployment: canary.Deployment, container: c.container,
		timeout: c.timeout, kube: c.kube, metrics: c.metrics, http: c.http, clock: c.clock, retry: make(chan struct{}, 1), again: make(chan struct{}, 1),
		fingerprint: c.fingerprint, identity: c.identity,
	}
	return nil
}

func newClient(kube kubernetes.Interface, metrics metricsclient.Interface, opts Options) *Client {
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	return &Client{
		namespace: opts.Namespace, deployment: opts.Deployment, container: opts.Container,
		timeout: opts.Timeout, kube: kube, metrics: metrics, http: &http.Client{}, identity: &identity{},
		retry: make(chan struct{}, 1), again: make(chan struct{}, 1), retrySplit: make(chan struct{}, 1),
	}
}

// Cluster is the name of the context in use, or "in-cluster" for a pod's own
// account.
func (c *Client) Cluster() string { return c.cluster }

// OwnAccount tells whether it is a pod's own account: then there is no context.
func (c *Client) OwnAccount() bool { return c.own }

// Namespace is the namespace in use.
func (c *Client) Namespace() string { return c.namespace }

type location struct {
	context, namespace string
	own                bool // the pod's own account
	rest               *rest.Config
}

// locate finds the cluster by kubectl's loading rules. A file or a context that
// was named must exist; only when nothing is named and nothing is found does
// the pod's own account count.
func locate(opts Options) (location, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = opts.Kubeconfig
	rules.WarnIfAllMissing = false
	if err := kubeconfigExists(opts.Kubeconfig); err != nil {
		return location{}, err
	}
	overrides := &clientcmd.ConfigOverrides{CurrentContext: opts.Context}
	overrides.Context.Namespace = opts.Namespace
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	raw, err := loader.RawConfig()
	if err != nil {
		return location{}, fmt.Errorf("read kubeconfig: %w", err)
	}
	name := opts.Context
	if name == "" {
		name = raw.CurrentContext
	}
	if len(raw.Contexts) == 0 && name == "" {
		return inCluster(opts, rules)
	}
	if _, ok := raw.Contexts[name]; !ok {
		var names []string
		for n := range raw.Contexts {
			names = append(names, untrusted.Line(n, 100))
		}
		slices.Sort(names)
		return location{}, unknownContext(name, names, rules.GetLoadingPrecedence())
	}
	cfg, err := loader.ClientConfig()
	if err != nil {
		return location{}, fmt.Errorf("use context %q: %w", name, err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return location{}, fmt.Errorf("use context %q: %w", name, err)
	}
	return location{context: name, namespace: namespace, rest: cfg}, nil
}

func unknownContext(name string, names, files []string) error {
	where := strings.Join(files, ", ")
	switch {
	case len(names) == 0:
		return fmt.Errorf("context %q: %s has no contexts", name, where)
	case name == "":
		return fmt.Errorf("no context is named and %s has no current one; it has %s", where, strings.Join(names, ", "))
	default:
		return fmt.Errorf("context %q is not in %s; it has %s", name, where, strings.Join(names, ", "))
	}
}

// kubeconfigExists refuses a file that was named and is not there, which
// clientcmd would pass over in silence for $KUBECONFIG.
func kubeconfigExists(explicit string) error {
	if explicit != "" {
		if _, err := os.Stat(explicit); err != nil {
			return fmt.Errorf("kubeconfig: %w", err)
		}
		return nil
	}
	env := os.Getenv(clientcmd.RecommendedConfigPathEnvVar)
	if env == "" {
		return nil
	}
	for _, path := range filepath.SplitList(env) {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
	}
	return fmt.Errorf("kubeconfig: $KUBECONFIG names %s, and no such file can be read", env)
}

func inCluster(opts Options, rules *clientcmd.ClientConfigLoadingRules) (location, error) {
	cfg, err := rest.InClusterConfig()
	if err != nil {
		return location{}, fmt.Errorf("no kubeconfig: looked for %s, and this is not a pod of a cluster; set kubeconfig or $KUBECONFIG",
			strings.Join(rules.GetLoadingPrecedence(), ", "))
	}
	namespace := opts.Namespace
	if namespace == "" {
		text, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
		if err != nil {
			return location{}, fmt.Errorf("find the pod's own namespace: %w", err)
		}
		namespace = strings.TrimSpace(string(text))
	}
	return location{context: ownAccount, own: true, namespace: namespace, rest: cfg}, nil
}

// quiet keeps the Kubernetes client's own log off the terminal, where it would
// tear the screen. What matters of it is reported as link state.
var quiet = sync.OnceFunc(func() {
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
})
