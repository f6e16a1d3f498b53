package kube

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"datahub.io/slipway/release"
)

// splits waits for a Split emitted at or after position from.
func (s *watched) splits(what string, from int, f func(release.Split) bool) release.Split {
	s.w.t.Helper()
	var found release.Split
	s.w.eventually("a split: "+what, func() bool {
		for _, e := range s.events()[from:] {
			if o, ok := e.(release.ObservedSplit); ok && f(o.Split) {
				found = o.Split
				return true
			}
		}
		return false
	})
	return found
}

// canaries waits for a Workload of the canary emitted at or after position from.
func (s *watched) canaries(what string, from int, f func(release.Workload) bool) release.Workload {
	s.w.t.Helper()
	var found release.Workload
	s.w.eventually("a canary: "+what, func() bool {
		for _, e := range s.events()[from:] {
			if o, ok := e.(release.ObservedCanary); ok && f(o.Workload) {
				found = o.Workload
				return true
			}
		}
		return false
	})
	return found
}

var virtualServiceV1 = schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"}

// Stable and split are seen from one Watch; a change of the split at once.
func TestWatchSplit(t *testing.T) {
	t.Parallel()
	p := pretended(t, istioCanary, append(services(), stableDeployment(), virtualServiceOf(t, halves)))
	s := (&world{t: t}).watch(p.client)
	first := s.splits("60/40", 0, func(s release.Split) bool { return s.Canary == 40 })
	if first.Err != "" || len(first.Blocked) != 0 || first.Rest == "" || first.At.IsZero() {
		t.Errorf("%+v", first)
	}
	s.sees("stable", 0, func(w release.Workload) bool { return w.Found && w.Name == "stable" })
	n := len(s.events())
	later := s.splits("a heartbeat", n, func(s release.Split) bool { return s.At.After(first.At) })
	if later.Rest != first.Rest {
		t.Errorf("%+v", later)
	}
	began := time.Now()
	theirs := virtualServiceOf(t, strings.NewReplacer("60", "75", "40", "25").Replace(halves))
	if err := p.dynamic.Tracker().Update(virtualServiceV1, theirs, "shop"); err != nil {
		t.Fatal(err)
	}
	seen := s.splits("75/25", n, func(s release.Split) bool { return s.Canary == 25 })
	if seen.Rest != first.Rest {
		t.Errorf("%+v", seen)
	}
	if took := time.Since(began); took > beatEvery/2 {
		t.Errorf("seen after %s", took)
	}
	for _, e := range s.events() {
		if l, ok := e.(release.Linked); ok && !l.Link.OK {
			t.Errorf("%+v", l)
		}
	}
}

func TestSplitCannotBeUsed(t *testing.T) {
	vs := virtualServiceOf(t, halves)
	all := append(services(), stableDeployment(), vs)
	elsewhere := istioCanary
	elsewhere.Traffic.Namespace = "istio-system"
	for _, test := range []struct {
		name     string
		canary   Canary
		objects  []runtime.Object
		versions []string
		fault    func(*pretend)
		err      string
	}{
		{
			"not installed", istioCanary, append(services(), stableDeployment()),
			[]string{"gateway.networking.k8s.io/v1"},
			nil,
			"virtualservices.networking.istio.io v1 or v1beta1 is not installed in this cluster: install Istio, or leave canary.traffic out to split by pods",
		},
		{"no Gateway API", routeCanary, append(services(), stableDeployment()), []string{"networking.istio.io/v1"}, nil, "httproutes.gateway.networking.k8s.io v1 is not installed"},
		{"not there", istioCanary, append(services(), stableDeployment()), nil, nil, "virtualservice/gateway does not exist in namespace shop: create it with both destinations"},
		{"another namespace", elsewhere, all, nil, nil, "virtualservice/gateway is in namespace istio-system; only objects of the release's namespace shop are read and changed"},
		{
			"forbidden", istioCanary, all, nil, func(p *pretend) { p.answers("get", "virtualservices", forbidden) },
			"forbidden: get virtualservices in namespace shop is not allowed; see deploy/rbac.yaml",
		},
		{"not to be read", istioCanary, append(services(), stableDeployment(), virtualServiceOf(t, `{tcp: [{route: []}]}`)), nil, nil, "virtualservice/gateway has only tls or tcp routes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := pretended(t, test.canary, test.objects, test.versions...)
			if test.fault != nil {
				test.fault(p)
			}
			once, err := p.client.Split(t.Context())
			if err != nil || !strings.Contains(once.Err, test.err) {
				t.Errorf("%q, %v, expected %q", once.Err, err, test.err)
			}
			s := (&world{t: t}).watch(p.client)
			if seen := s.splits("an error", 0, func(s release.Split) bool { return s.Err != "" }); seen.Err != once.Err || seen.Silent || seen.At.IsZero() {
				t.Errorf("%+v", seen)
			}
			if row := p.client.checkTraffic(t.Context()); row.OK || row.Found != once.Err || row.Next == "" {
				t.Errorf("%+v", row)
			}
		})
	}
}

// Without answers the split only becomes old, and after a while it is said why.
func TestSplitGetsOld(t *testing.T) {
	t.Parallel()
	p := pretended(t, istioCanary, append(services(), stableDeployment(), virtualServiceOf(t, halves)))
	var fails atomic.Bool
	p.dynamic.PrependReactor("get", "virtualservices", func(clienttesting.Action) (bool, runtime.Object, error) {
		return fails.Load(), nil, apierrors.NewInternalError(errors.New("conversion webhook failed"))
	})
	s := (&world{t: t}).watch(p.client)
	s.splits("60/40", 0, func(s release.Split) bool { return s.Canary == 40 })
	fails.Store(true)
	since := time.Now()
	n := len(s.events())
	old := s.splits("why", n, func(s release.Split) bool { return s.Err != "" })
	if old.At.After(since.Add(time.Second)) || !strings.Contains(old.Err, "conversion webhook failed") || !old.Silent || time.Since(since) < behindMax {
		t.Errorf("after %s: %+v", time.Since(since), old)
	}
	fails.Store(false)
	n = len(s.events())
	p.client.Retry()
	s.splits("back", n, func(s release.Split) bool { return s.Err == "" && !s.Silent && s.At.After(since) && s.Canary == 40 })
}

// A split is not called usable before it is known what stands in the way.
func TestObstaclesComeFirst(t *testing.T) {
	t.Parallel()
	p := pretended(t, istioCanary, append(services(), stableDeployment(), virtualServiceOf(t, halves)))
	p.answers("get", "services", errors.New("connection refused"))
	s := (&world{t: t}).watch(p.client)
	seen := s.splits("anything", 0, func(release.Split) bool { return true })
	saysAll(t, "blocked", seen.Blocked, []string{"services and labels have not been read yet: connection refused"})
	if _, err := p.client.Split(context.Background()); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error %v", err)
	}
}
