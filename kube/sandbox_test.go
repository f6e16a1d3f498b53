package kube

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	metricsclient "k8s.io/metrics/pkg/client/clientset/versioned"

	"datahub.io/slipway/release"
)

// patience bounds every wait for the cluster. It is generous: a test waits for
// a condition, never for a time.
const patience = 60 * time.Second

// world is one namespace of a real API server, made by its administrator.
type world struct {
	t         testing.TB
	dir       string
	config    *rest.Config
	admin     *kubernetes.Clientset
	namespace string
}

// sandbox is a namespace of the sandbox in $SLIPWAY_SANDBOX. The test is
// skipped when there is none.
func sandbox(t testing.TB) *world {
	t.Helper()
	dir := os.Getenv("SLIPWAY_SANDBOX")
	if dir == "" {
		t.Skip("needs a real API server: run `bin/sandbox up --dir DIR` and set SLIPWAY_SANDBOX=DIR")
	}
	quiet()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(dir, "admin.kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	w := &world{t: t, dir: dir, config: config, admin: kubernetes.NewForConfigOrDie(config)}
	ns, err := w.admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "kube-test-"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.namespace = ns.Name
	t.Cleanup(func() {
		if err := w.admin.CoreV1().Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return w
}

// roundTrip is a function as an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// client is a Client of the named Deployment. around, if not nil, stands
// between it and the network.
func (w *world) client(name string, around func(next http.RoundTripper) http.RoundTripper) *Client {
	w.t.Helper()
	cfg := rest.CopyConfig(w.config)
	cfg.ContentType = "application/vnd.kubernetes.protobuf"
	if around != nil {
		cfg.WrapTransport = around
	}
	c := newClient(kubernetes.NewForConfigOrDie(cfg), metricsclient.NewForConfigOrDie(w.config),
		Options{Namespace: w.namespace, Deployment: name, Container: "gateway"})
	c.cluster, c.server = "production", cfg.Host
	return c
}

// deploy creates a Deployment without pods and with a sidecar: the controllers
// make its revisions all the same.
func (w *world) deploy(name, image string) *appsv1.Deployment {
	w.t.Helper()
	none, labels := int32(0), map[string]string{"app": name}
	_, err := w.admin.AppsV1().Deployments(w.namespace).Create(w.t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"team": "api"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: &none, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{
					{Name: "proxy", Image: "envoy:v1"}, {Name: "gateway", Image: image},
				}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.settled(name)
}

// change changes a Deployment as somebody else and waits for the controller.
func (w *world) change(name string, f func(*appsv1.Deployment)) *appsv1.Deployment {
	w.t.Helper()
	w.write(name, f)
	return w.settled(name)
}

func (w *world) write(name string, f func(*appsv1.Deployment)) {
	w.t.Helper()
	api := w.admin.AppsV1().Deployments(w.namespace)
	w.eventually("the change of "+name, func() bool {
		d, err := api.Get(context.Background(), name, metav1.GetOptions{})
		if err != nil {
			return false
		}
		f(d)
		_, err = api.Update(context.Background(), d, metav1.UpdateOptions{FieldManager: "kubectl-edit"})
		return err == nil
	})
}

func image(version string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[1].Image = "gateway:" + version }
}

// settled waits until the controller has observed the Deployment and given its
// newest ReplicaSet the Deployment's revision.
func (w *world) settled(name string) *appsv1.Deployment {
	w.t.Helper()
	var d *appsv1.Deployment
	w.eventually(name+" to be observed", func() bool {
		d = w.get(name)
		if d.Status.ObservedGeneration < d.Generation {
			return false
		}
		if d.Spec.Paused {
			return true
		}
		for _, rs := range w.sets(d) {
			if rs.Annotations[revisionAnnotation] == d.Annotations[revisionAnnotation] &&
				flatten(&rs.Spec.Template).Hash == flatten(&d.Spec.Template).Hash {
				return true
			}
		}
		return false
	})
	return d
}

func (w *world) get(name string) *appsv1.Deployment {
	w.t.Helper()
	d, err := w.admin.AppsV1().Deployments(w.namespace).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) sets(d *appsv1.Deployment) []*appsv1.ReplicaSet {
	w.t.Helper()
	list, err := w.admin.AppsV1().ReplicaSets(w.namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	var all []*appsv1.ReplicaSet
	for i := range list.Items {
		all = append(all, &list.Items[i])
	}
	return ownedReplicaSets(d, all)
}

func (w *world) eventually(what string, f func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for !f() {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited %s for %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// ordered is a change as somebody asks for it.
func ordered(do release.Operation) release.Change {
	return release.Change{ID: "1", Cause: "slipway: " + string(do.Kind()), By: release.Actor{Name: "eng-a"}, Do: do}
}

// guardOf is what an operation on d is decided on as it is now.
func guardOf(d *appsv1.Deployment) release.Guard {
	return release.Guard{UID: string(d.UID), Before: flatten(&d.Spec.Template).Hash, Paused: d.Spec.Paused, Generation: d.Generation}
}

// undoOf is an undo of d to a revision as it is now.
func (w *world) undoOf(d *appsv1.Deployment, revision int64) release.UndoTo {
	ch := release.UndoTo{Guard: guardOf(d), Container: "gateway", Revision: revision}
	for _, rs := range w.sets(d) {
		if revisionOf(rs) == revision {
			ch.Template = flatten(&rs.Spec.Template).Hash
		}
	}
	return ch
}
