package kube

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"

	"datahub.io/slipway/release"
)

// watched is a running Watch and all it has emitted.
type watched struct {
	w    *world
	mu   sync.Mutex
	all  []release.Event
	end  context.CancelFunc
	done chan struct{}
}

func (w *world) watch(c *Client) *watched {
	ctx, cancel := context.WithCancel(context.Background())
	s := &watched{w: w, end: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		c.Watch(ctx, func(e release.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.all = append(s.all, e)
		})
	}()
	w.t.Cleanup(s.stop)
	return s
}

// stop ends the Watch and waits until it has returned.
func (s *watched) stop() {
	s.end()
	select {
	case <-s.done:
	case <-time.After(patience):
		s.w.t.Error("Watch did not return when its context ended")
	}
}

func (s *watched) events() []release.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[:len(s.all):len(s.all)]
}

// sees waits for a Workload emitted at or after position from.
func (s *watched) sees(what string, from int, f func(release.Workload) bool) release.Workload {
	s.w.t.Helper()
	var found release.Workload
	s.w.eventually("a workload: "+what, func() bool {
		for _, e := range s.events()[from:] {
			if o, ok := e.(release.Observed); ok && f(o.Workload) {
				found = o.Workload
				return true
			}
		}
		return false
	})
	return found
}

// hears waits for a link state emitted at or after position from, and returns
// the position after it.
func (s *watched) hears(what string, from int, f func(release.Link) bool) (release.Link, int) {
	s.w.t.Helper()
	var found release.Link
	at := 0
	s.w.eventually("a link: "+what, func() bool {
		for i, e := range s.events()[from:] {
			if l, ok := e.(release.Linked); ok && f(l.Link) {
				found, at = l.Link, from+i+1
				return true
			}
		}
		return false
	})
	return found, at
}

// TestWatch follows a Deployment that does not exist, comes, changes, goes, and
// comes again as another.
func TestWatch(t *testing.T) {
	w := sandbox(t)
	s := w.watch(w.client("gateway", nil))
	absent := s.sees("absent", 0, func(w release.Workload) bool { return !w.Found })
	if absent.Name != "gateway" || absent.At.IsZero() {
		t.Errorf("absent: %+v", absent)
	}
	for _, e := range s.events() {
		if _, named := e.(release.Identified); named {
			continue // which cluster it is may be known first
		}
		if _, ok := e.(release.Linked); !ok {
			t.Errorf("the first event is %T, expected the link", e)
		}
		break
	}
	d := w.deploy("gateway", "gateway:v1")
	s.sees("revision 1", 0, func(w release.Workload) bool {
		return w.UID == string(d.UID) && len(w.Revisions) == 1 && w.Revisions[0].Current && w.Revisions[0].Version == "v1"
	})
	w.change("gateway", image("v2"))
	s.sees("revision 2", 0, func(w release.Workload) bool {
		return len(w.Revisions) == 2 && w.Revisions[0].Number == 2 && w.Revisions[0].Current && w.Observed == w.Generation
	})
	// A change of nothing but time is seen with the next heartbeat.
	n := len(s.events())
	now := time.Now()
	s.sees("fresh", n, func(w release.Workload) bool { return w.At.After(now) })

	n = len(s.events())
	remove(w, "gateway")
	s.sees("deleted", n, func(w release.Workload) bool { return !w.Found })
	n = len(s.events())
	again := w.deploy("gateway", "gateway:v7")
	seen := s.sees("made again", n, func(w release.Workload) bool { return w.Found && len(w.Revisions) > 0 })
	if seen.UID != string(again.UID) || seen.Revisions[0].Version != "v7" {
		t.Errorf("made again as %s with %s", seen.UID, seen.Revisions[0].Version)
	}
	for _, e := range s.events() {
		if l, ok := e.(release.Linked); ok && !l.Link.OK {
			t.Errorf("the link was lost: %+v", l.Link)
		}
	}
}

func remove(w *world, name string) {
	background := metav1.DeletePropagationBackground
	err := w.admin.AppsV1().Deployments(w.namespace).Delete(context.Background(), name, metav1.DeleteOptions{PropagationPolicy: &background})
	if err != nil {
		w.t.Fatal(err)
	}
}

// behind is a Client whose API server is behind a plug.
func (w *world) behind(name string) (*Client, *plug) {
	w.t.Helper()
	u, err := url.Parse(w.config.Host)
	if err != nil {
		w.t.Fatal(err)
	}
	p := newPlug(w.t, u.Host)
	direct := w.config
	defer func() { w.config = direct }()
	w.config = rest.CopyConfig(direct)
	w.config.Host = "https://" + p.address()
	web, err := rest.HTTPClientFor(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.client(name, nil)
	c.http, c.timeout = web, time.Second
	return c, p
}

func TestLinkIsCut(t *testing.T) {
	w := sandbox(t)
	w.deploy("gateway", "gateway:v1")
	c, p := w.behind("gateway")
	s := w.watch(c)
	before := s.sees("v1", 0, func(w release.Workload) bool { return len(w.Revisions) == 1 })

	p.cut()
	cutAt := time.Now()
	lost, n := s.hears("lost", 0, func(l release.Link) bool { return !l.OK && l.Tries >= 2 })
	if !strings.Contains(lost.Err, "connection refused") || lost.Last.Before(before.At) || lost.Since.IsZero() || lost.Next.Before(lost.Since) {
		t.Errorf("lost: %+v", lost)
	}
	w.change("gateway", image("v2"))
	c.mu.Lock()
	trusted := c.history != nil
	c.mu.Unlock()
	if trusted {
		t.Error("an undo would still trust what is no longer watched")
	}
	p.restore()
	c.Retry()
	back, n := s.hears("back", n, func(l release.Link) bool { return l.OK })
	if back.Err != "" || back.Tries != 0 || back.Since.Before(cutAt) {
		t.Errorf("back: %+v", back)
	}
	after := s.sees("anything", n, func(release.Workload) bool { return true })
	if len(after.Revisions) != 2 || after.At.Before(cutAt) {
		t.Errorf("the first workload after the loss has %d revisions, at %v", len(after.Revisions), after.At)
	}
	for _, e := range s.events() {
		if o, ok := e.(release.Observed); ok && o.Workload.At.After(cutAt) && len(o.Workload.Revisions) == 1 {
			t.Error("a workload from before the loss was called fresh")
		}
	}
}

// A connection that says nothing any more, without being closed, is noticed
// within a heartbeat and its timeout.
func TestLinkHangs(t *testing.T) {
	w := sandbox(t)
	w.deploy("gateway", "gateway:v1")
	c, p := w.behind("gateway")
	s := w.watch(c)
	s.sees("v1", 0, func(w release.Workload) bool { return len(w.Revisions) == 1 })
	p.hang()
	lost, n := s.hears("lost", 0, func(l release.Link) bool { return !l.OK })
	if lost.Err != "no answer in time" {
		t.Errorf("lost: %+v", lost)
	}
	p.restore()
	_, n = s.hears("back", n, func(l release.Link) bool { return l.OK })
	w.change("gateway", image("v2"))
	s.sees("v2", n, func(w release.Workload) bool { return len(w.Revisions) == 2 })
}

func TestLinkIsForbidden(t *testing.T) {
	w := sandbox(t)
	c, err := Connect(Options{
		Kubeconfig: filepath.Join(w.dir, "viewer.kubeconfig"), Context: "production", Namespace: w.namespace, Deployment: "gateway",
	})
	if err != nil {
		t.Fatal(err)
	}
	s := w.watch(c)
	lost, _ := s.hears("forbidden", 0, func(l release.Link) bool { return !l.OK })
	want := "forbidden: get deployments in namespace " + w.namespace + " is not allowed; see deploy/rbac.yaml"
	if lost.Err != want || !lost.Last.IsZero() {
		t.Errorf("%+v, expected %q", lost, want)
	}
}

func TestUnreachableFromTheStart(t *testing.T) {
	c := unreachable(t)
	w := &world{t: t}
	s := w.watch(c)
	lost, n := s.hears("lost", 0, func(l release.Link) bool { return !l.OK })
	if !strings.Contains(lost.Err, "connection refused") || strings.Contains(lost.Err, "connect:") {
		t.Errorf("%+v", lost)
	}
	c.Retry()
	s.hears("second try", n, func(l release.Link) bool { return l.Tries == 2 && l.Since.Equal(lost.Since) })
}

// Each bad version of the sandbox's gateway is named by its cause, long before
// any deadline.
func TestCausesAreNamed(t *testing.T) {
	for tag, want := range map[string]struct{ reason, text string }{
		"v2.5.0-crash":   {"CrashLoopBackOff, exit 1", "lookup redis-b: no such host"},
		"v2.5.0-missing": {"ImagePullBackOff", "datahub-gateway:v2.5.0-missing: not found"},
		"v2.5.0-unready": {"readiness probe failing", "GET :3001/health/ready → 503"},
	} {
		t.Run(tag, func(t *testing.T) {
			w := sandbox(t)
			s := w.watch(w.client("gateway", nil))
			w.deploy("gateway", "datahub-gateway:"+tag)
			w.write("gateway", func(d *appsv1.Deployment) {
				two := int32(2)
				d.Spec.Replicas = &two
				d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers[1:]
				d.Spec.Template.Spec.Containers[0].ReadinessProbe = &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{
					HTTPGet: &corev1.HTTPGetAction{Path: "/health/ready", Port: intstr.FromInt32(3001)},
				}}
			})
			seen := s.sees(want.reason, 0, func(w release.Workload) bool {
				return len(w.Causes) > 0 && w.Causes[0].Reason == want.reason && strings.Contains(w.Causes[0].Text, want.text) && len(w.Causes[0].Pods) == 2
			})
			if c := seen.Causes[0]; c.Version != tag || c.First.IsZero() || c.Newest.Before(c.First) || strings.ContainsAny(c.Text, "\x1b\n") {
				t.Errorf("%+v", c)
			}
		})
	}
}
