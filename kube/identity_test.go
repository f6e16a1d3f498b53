package kube

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	metricsfake "k8s.io/metrics/pkg/client/clientset/versioned/fake"

	"datahub.io/slipway/release"
)

// known is a cluster with a UID, without the Deployment; answer is what reading the
// UID gives instead, unless it is nil.
func known(uid string, answer error) *Client {
	set := fake.NewClientset(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", UID: "u1"}})
	set.PrependReactor("get", "namespaces", func(clienttesting.Action) (bool, runtime.Object, error) {
		if answer != nil {
			return true, nil, answer
		}
		return true, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", UID: "u1"}}, nil
	})
	c := newClient(set, metricsfake.NewSimpleClientset(), Options{Namespace: "there", Deployment: "gateway", Container: "app"})
	c.Expect(uid, nil)
	return c
}

// first gives the events of a watch up to the first look or lost link.
func first(t *testing.T, c *Client) (events []release.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var mu sync.Mutex
	c.Watch(ctx, func(e release.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
		switch e := e.(type) {
		case release.Observed:
			cancel()
		case release.Linked:
			if !e.Link.OK {
				cancel()
			}
		}
	})
	return events
}

// Nothing is seen of another cluster than the one that a record is of: nothing can
// be decided or done there.
func TestAnotherClusterIsNotLookedAt(t *testing.T) {
	t.Parallel()
	gone := apierrors.NewForbidden(schema.GroupResource{Resource: "namespaces"}, "kube-system", errors.New("no"))
	slow := errors.New("connection reset")
	for name, c := range map[string]struct {
		expected string
		answer   error
		said     string // of the lost link; empty: the Deployment was looked at
		uid      string // that was emitted
	}{
		"any":                               {"", nil, "", "u1"},
		"the one":                           {"u1", nil, "", "u1"},
		"another one":                       {"u2", nil, "another cluster answers there: its kube-system has the UID u1, expected u2", ""},
		"it may not be read":                {"", gone, "", ""},
		"it may not be read, one is wanted": {"u1", gone, "", ""},
		"it cannot be read":                 {"u1", slow, "connection reset", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := first(t, known(c.expected, c.answer))
			uid, said, looked := "", "", false
			for _, e := range events {
				switch e := e.(type) {
				case release.Identified:
					if uid = e.UID; looked {
						t.Error("the cluster is known after it was looked at")
					}
				case release.Observed:
					looked = true
				case release.Linked:
					said += e.Link.Err
				}
			}
			if looked != (c.said == "") || !strings.Contains(said, c.said) || uid != c.uid {
				t.Errorf("looked %v, said %q, UID %q; want %q, %q", looked, said, uid, c.said, c.uid)
			}
		})
	}
}

// A link that is made anew may lead elsewhere, as a tunnel does: it is asked again.
func TestANewLinkIsConfirmed(t *testing.T) {
	t.Parallel()
	c := known("", nil)
	var learned []string
	c.Expect("", func(uid string) { learned = append(learned, uid) })
	if err := c.confirm(t.Context()); err != nil || c.ID().UID != "u1" {
		t.Fatalf("%+v, %v", c.ID(), err)
	}
	set := c.kube.(*fake.Clientset)
	set.PrependReactor("get", "namespaces", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{UID: "u2"}}, nil
	})
	if err := c.confirm(t.Context()); err != nil {
		t.Errorf("over the same link: %v", err)
	}
	c.doubt()
	var elsewhere *errElsewhere
	if err := c.confirm(t.Context()); !errors.As(err, &elsewhere) || elsewhere.found != "u2" || elsewhere.expected != "u1" {
		t.Errorf("over a new one: %v", err)
	}
	if len(learned) != 2 || learned[1] != "u2" {
		t.Errorf("learned %v", learned)
	}
}

// Without asking, a cluster is known by its address and its CA.
func TestFingerprint(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, []byte("A"), 0o600); err != nil {
		t.Fatal(err)
	}
	of := func(host, data, file, name string) string {
		return fingerprint(&rest.Config{Host: host, TLSClientConfig: rest.TLSClientConfig{CAData: []byte(data), CAFile: file, ServerName: name}})
	}
	one := of("https://h:6443", "A", "", "")
	if one != of("https://h:6443", "", ca, "") || len(one) != 32 {
		t.Errorf("%q: a CA from a file is another one", one)
	}
	for _, other := range []string{of("https://i:6443", "A", "", ""), of("https://h:6443", "B", "", ""), of("https://h:6443", "A", "", "x"), of("https://h:6443A", "", "", "")} {
		if other == one {
			t.Errorf("%q means two clusters", one)
		}
	}
}
