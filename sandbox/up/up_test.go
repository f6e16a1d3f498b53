package up

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/tools/clientcmd"

	"datahub.io/slipway/sandbox/gateway"
)

// The sandbox is its own module and can embed only its own files: the manifest shipped for real clusters is here as a copy.
func TestManifestIsTheOneShipped(t *testing.T) {
	shipped, err := os.ReadFile("../../deploy/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile("manifests/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(ours) != string(shipped) {
		t.Error("up/manifests/rbac.yaml differs from deploy/rbac.yaml: copy the latter over the former")
	}
}

func TestClaim(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sandbox")
	d, err := claim(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.write(readyFile, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := claim(path); err == nil || !strings.Contains(err.Error(), "in use by a running sandbox") {
		t.Errorf("claimed twice: %v", err)
	}
	if _, err := os.Stat(d.file(readyFile)); err != nil {
		t.Errorf("the second claim touched the first's files: %v", err)
	}
	d.release()
	if _, err := os.Stat(d.file(readyFile)); err == nil {
		t.Error("ready is still there after release")
	}
	if err := d.write("old", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := claim(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.release()
	if _, err := os.Stat(again.file("old")); err == nil {
		t.Error("what an earlier sandbox left is still there")
	}
}

func TestClaimRefusesWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "thesis.tex")
	if err := os.WriteFile(precious, []byte("…"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := claim(dir); err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("error: %v", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestClaimRefusesWhatHoldsARunningSandbox(t *testing.T) {
	outer := filepath.Join(t.TempDir(), "sandbox")
	d, err := claim(outer)
	if err != nil {
		t.Fatal(err)
	}
	d.release()
	inner, err := claim(filepath.Join(outer, "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim(outer); err == nil || !strings.Contains(err.Error(), inner.path+" is in use by a running sandbox") {
		t.Errorf("error: %v", err)
	}
	if _, err := os.Stat(inner.file("log")); err != nil {
		t.Errorf("the running sandbox's files: %v", err)
	}
	inner.release()
	d, err = claim(outer)
	if err != nil {
		t.Fatal(err)
	}
	d.release()
}

func TestShell(t *testing.T) {
	for _, word := range []string{"/tmp/sandbox-1/x.yaml", "/tmp/a b", "$HOME/`id`;*", "it's", "", "-x\ny", "~"} {
		out, err := exec.Command("sh", "-c", "printf %s "+shell(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q quoted is %s, which a shell takes as %q (%v)", word, shell(word), out, err)
		}
	}
	if got := shell("/tmp/sandbox-1/x.yaml"); got != "/tmp/sandbox-1/x.yaml" {
		t.Errorf("quoted for nothing: %s", got)
	}
}

func TestEnvironment(t *testing.T) {
	got := environment([]string{
		"PATH=/bin", "ETCD_NAME=x", "KWOK_WORKDIR=/k", "KUBECONFIG=/c", "KUBE_FEATURE_WatchListClient=true", "HOME=/root", "HOMEPAGE=x",
		"SANDBOX_PART=etcd",
	}, "/s")
	if want := "PATH=/bin HOMEPAGE=x HOME=/s"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A part and a command may have the same name: only a process that is told so is a part.
func TestPartsAreToldThatTheyAre(t *testing.T) {
	d, err := claim(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.release()
	for _, p := range parts(d, ports{}, Options{Speed: 1}, nil) {
		var told []string
		for _, variable := range p.Env {
			if name, ok := strings.CutPrefix(variable, PartVariable+"="); ok {
				told = append(told, name)
			}
		}
		if len(told) != 1 || told[0] != p.Name {
			t.Errorf("%s is told %v", p.Name, told)
		}
	}
}

func TestConfigIsValidYAMLForAnyPath(t *testing.T) {
	data, err := endpoints{
		Dir: "/a b", Kubeconfig: `/a "b": c/kubeconfig`, State: "/a b/state",
		Prometheus: "http://127.0.0.1:1", Staging: "http://127.0.0.1:2/staging/health", Production: "http://127.0.0.1:2/production/health",
		Canary: "http://127.0.0.1:2/canary/health", Routes: "http://127.0.0.1:2/routes/health",
		Quiet: "http://127.0.0.1:2/quiet/health",
	}.config(configTemplate)
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Kubeconfig, Prometheus string
		Environments           []struct {
			Name, Context, Namespace, Health, Strategy string
			Protected                                  bool
		}
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	if config.Kubeconfig != `/a "b": c/kubeconfig` || config.Prometheus != "http://127.0.0.1:1" || len(config.Environments) != len(gateway.Environments) {
		t.Errorf("%+v", config)
	}
	for i, e := range gateway.Environments {
		if c := config.Environments[i]; c.Name != e.Name || c.Context != e.Name || c.Namespace != e.Namespace || (c.Strategy == "canary") != e.Routed ||
			c.Health != "http://127.0.0.1:2/"+e.Name+"/health" {
			t.Errorf("%s: %+v", e.Name, c)
		}
	}
	if p := config.Environments[1]; p.Name != "production" || p.Namespace != "datahub-production" || !p.Protected || p.Health == "" {
		t.Errorf("production: %+v", p)
	}
}

func TestRequestsAsksTheGateway(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		io.WriteString(w, `{"canary":{"total":12,"failed":3}}`)
	}))
	defer server.Close()
	d, err := claim(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.release()
	if _, err := Requests(t.Context(), d.path, false); err == nil || !strings.Contains(err.Error(), "no sandbox is ready") {
		t.Errorf("error: %v", err)
	}
	if err := d.write(readyFile, endpoints{Gateway: server.URL}.ready(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, reset := range []bool{false, true} {
		got, err := Requests(t.Context(), d.path, reset)
		if err != nil || got["canary"] != (gateway.Requests{Total: 12, Failed: 3}) {
			t.Errorf("%v, %v", got, err)
		}
	}
	if got := strings.Join(asked, ", "); got != "GET /requests, POST /requests/reset" {
		t.Errorf("asked %s", got)
	}
}

func TestDisturbAsksTheGateway(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.String())
		if r.URL.Path == "/staging/lag" {
			http.Error(w, "no route divides its requests", http.StatusBadRequest)
		}
	}))
	defer server.Close()
	d, err := claim(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.release()
	if err := d.write(readyFile, endpoints{Gateway: server.URL}.ready(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Disturb(t.Context(), d.path, "quiet", "burst", url.Values{"errors": {"0.2"}, "for": {"5s"}}); err != nil {
		t.Error(err)
	}
	if err := Disturb(t.Context(), d.path, "staging", "lag", url.Values{"by": {"5s"}}); err == nil || err.Error() != "no route divides its requests" {
		t.Errorf("error: %v", err)
	}
	if err := Disturb(t.Context(), d.path, "nowhere", "burst", nil); err == nil || !strings.Contains(err.Error(), `"nowhere" is unknown`) {
		t.Errorf("error: %v", err)
	}
	if got := strings.Join(asked, ", "); got != "POST /quiet/burst?errors=0.2&for=5s, POST /staging/lag?by=5s" {
		t.Errorf("asked %s", got)
	}
}

func TestEveryAccountHasItsKubeconfig(t *testing.T) {
	d, err := claim(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.release()
	authority, err := pki(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeUsers(d, "https://127.0.0.1:1", authority); err != nil {
		t.Fatal(err)
	}
	tokens, err := os.ReadFile(d.file("pki", "tokens.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		config, err := clientcmd.LoadFromFile(d.file(u.file))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(tokens), config.AuthInfos[u.name].Token+","+u.name+",") {
			t.Errorf("%s: its token is not in the API server's file", u.file)
		}
		if config.CurrentContext != "staging" {
			t.Errorf("%s: the current context is %q", u.file, config.CurrentContext)
		}
		for _, name := range []string{"staging", "production", "canary", "routes", "quiet"} {
			c := config.Contexts[name]
			if c == nil || c.AuthInfo != u.name || c.Namespace != "datahub-"+name || config.Clusters[c.Cluster] == nil {
				t.Errorf("%s: context %s is %+v", u.file, name, c)
			}
		}
		if info, err := os.Stat(d.file(u.file)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want a file that only its owner can read", u.file, info.Mode(), err)
		}
	}
}
