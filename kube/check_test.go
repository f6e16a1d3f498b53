package kube

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"datahub.io/slipway/release"
)

func (w *world) as(user string, opts Options) *Client {
	w.t.Helper()
	opts.Kubeconfig, opts.Context = filepath.Join(w.dir, user), "production"
	c, err := Connect(opts)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func rows(c *Client, t *testing.T) map[string]CheckRow {
	out := map[string]CheckRow{}
	for _, r := range c.Check(t.Context()) {
		if _, twice := out[r.Name]; twice {
			t.Errorf("row %q twice", r.Name)
		}
		if r.Found == "" || r.OK == (r.Next != "") {
			t.Errorf("row %+v: found must be said, and the next step when and only when it is not OK", r)
		}
		out[r.Name] = r
	}
	return out
}

func TestCheck(t *testing.T) {
	w := sandbox(t)
	gateway := Options{Deployment: "datahub-gateway", Container: "gateway"}
	for name, r := range rows(w.as("kubeconfig", gateway), t) {
		if !r.OK {
			t.Errorf("as the release engineer, %s: %s", name, r.Found)
		}
	}
	viewer := rows(w.as("viewer.kubeconfig", gateway), t)
	if r := viewer["patch deployments/datahub-gateway"]; r.OK || r.Optional || !strings.Contains(r.Next, "deploy/rbac.yaml") {
		t.Errorf("as a viewer: %+v", r)
	}
	if r := viewer["identity"]; r.Found != "viewer" {
		t.Errorf("identity %+v", r)
	}
	wrong := rows(w.as("kubeconfig", Options{Deployment: "datahub-gatway"}), t)
	if r := wrong["deployment datahub-gatway"]; r.OK || !strings.Contains(r.Next, "datahub-gateway") {
		t.Errorf("%+v", r)
	}
	gateway.Container = "gatway"
	if r := rows(w.as("kubeconfig", gateway), t)["container gatway"]; r.OK || !strings.Contains(r.Next, "one of: gateway") {
		t.Errorf("%+v", r)
	}
}

func TestCheckUnreachable(t *testing.T) {
	all := unreachable(t).Check(t.Context())
	if len(all) != 1 || all[0].OK || !strings.Contains(all[0].Found, "connection refused") || all[0].Next == "" {
		t.Errorf("%+v", all)
	}
}

func TestWhoami(t *testing.T) {
	w := sandbox(t)
	for file, want := range map[string]string{"kubeconfig": "eng-a", "eng-b.kubeconfig": "eng-b", "responder.kubeconfig": "responder"} {
		if got, err := w.as(file, Options{Deployment: "d"}).Whoami(t.Context()); err != nil || got != want {
			t.Errorf("%s: %q, %v", file, got, err)
		}
	}
	if _, err := unreachable(t).Whoami(t.Context()); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error %v", err)
	}
}

// A snapshot is what the Watch shows.
func TestSnapshot(t *testing.T) {
	w := sandbox(t)
	c := w.as("kubeconfig", Options{Deployment: "datahub-gateway", Container: "gateway"})
	once, err := c.Snapshot(t.Context())
	if err != nil || !once.Found || len(once.Pods) == 0 || len(once.Revisions) == 0 || once.At.IsZero() {
		t.Fatalf("%+v, %v", once, err)
	}
	live := w.watch(c).sees("the same generation", 0, func(w release.Workload) bool { return w.Generation == once.Generation })
	if live.UID != once.UID || live.Template.Hash != once.Template.Hash || len(live.Revisions) != len(once.Revisions) {
		t.Errorf("watched %+v, read %+v", live, once)
	}
	none, err := w.as("kubeconfig", Options{Deployment: "nothing"}).Snapshot(t.Context())
	if err != nil || none.Found {
		t.Errorf("%+v, %v", none, err)
	}
	if _, err := unreachable(t).Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), "read deployment gateway: dial tcp") {
		t.Errorf("error %v", err)
	}
}

func TestLogs(t *testing.T) {
	w := sandbox(t)
	c := w.as("kubeconfig", Options{Deployment: "datahub-gateway", Container: "gateway"})
	seen, err := c.Snapshot(t.Context())
	if err != nil || len(seen.Pods) == 0 {
		t.Fatalf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var lines []string
	done := make(chan error, 1)
	go func() {
		done <- c.Logs(ctx, seen.Pods[len(seen.Pods)-1].Name, func(line string) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, line)
		})
	}()
	w.eventually("lines", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(lines) > 0
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended by its context with %v", err)
	}
	for _, line := range lines {
		if strings.ContainsAny(line, "\x1b\n\r\t") {
			t.Errorf("line %q", line)
		}
	}
	if err := c.Logs(t.Context(), "nothing", func(string) {}); err == nil || !strings.Contains(err.Error(), `read pod nothing: pods "nothing" not found`) {
		t.Errorf("error %v", err)
	}
}
