package kube

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kubeconfig writes a kubeconfig with contexts staging and production.
func kubeconfig(t *testing.T, server string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: staging, context: {cluster: c, user: u, namespace: datahub-staging}}
- {name: production, context: {cluster: c, user: u}}
current-context: staging
`, server)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// unreachable is a Client of an API server that is not there.
func unreachable(t *testing.T) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c, err := Connect(Options{Kubeconfig: kubeconfig(t, "https://"+l.Addr().String()), Deployment: "gateway"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConnect(t *testing.T) {
	path := kubeconfig(t, "https://127.0.0.1:1")
	for _, test := range []struct {
		opts               Options
		cluster, namespace string
	}{
		{Options{Kubeconfig: path}, "staging", "datahub-staging"},
		{Options{Kubeconfig: path, Context: "production"}, "production", "default"},
		{Options{Kubeconfig: path, Context: "production", Namespace: "web"}, "production", "web"},
	} {
		test.opts.Deployment = "gateway"
		c, err := Connect(test.opts)
		if err != nil {
			t.Fatal(err)
		}
		if c.Cluster() != test.cluster || c.Namespace() != test.namespace || c.server != "https://127.0.0.1:1" {
			t.Errorf("%+v: %s, %s, %s", test.opts, c.Cluster(), c.Namespace(), c.server)
		}
	}
	t.Setenv("KUBECONFIG", path)
	if c, err := Connect(Options{Deployment: "gateway"}); err != nil || c.Cluster() != "staging" {
		t.Errorf("by $KUBECONFIG: %v", err)
	}
}

func TestConnectRefuses(t *testing.T) {
	path := kubeconfig(t, "https://127.0.0.1:1")
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("apiVersion: [v1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		opts Options
		env  string
		want []string
	}{
		{"no deployment", Options{Kubeconfig: path}, "", []string{"deployment.name"}},
		{"missing file", Options{Kubeconfig: "/nowhere/config", Deployment: "d"}, "", []string{"kubeconfig", "/nowhere/config", "no such file"}},
		{"unknown context", Options{Kubeconfig: path, Context: "prod", Deployment: "d"}, "", []string{`context "prod" is not in ` + path, "production, staging"}},
		{"malformed file", Options{Kubeconfig: broken, Deployment: "d"}, "", []string{"read kubeconfig", broken}},
		{"missing $KUBECONFIG", Options{Deployment: "d"}, "/nowhere/a:/nowhere/b", []string{"$KUBECONFIG", "/nowhere/a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", test.env)
			_, err := Connect(test.opts)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %q", err, want)
				}
			}
		})
	}
}

// Without any kubeconfig, and outside of a cluster, both are said.
func TestConnectNowhere(t *testing.T) {
	t.Setenv("KUBECONFIG", "")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	_, err := Connect(Options{Deployment: "d"})
	if err == nil || !strings.Contains(err.Error(), "no kubeconfig") {
		t.Errorf("error %v", err)
	}
}
