package outside

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// serve serves on a free port until the test ends, and gives its address.
func serve(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, address, filepath.Join(t.TempDir(), "git")) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; {
		if response, err := http.Get("http://" + address + "/ready"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return address
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("not ready")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestImages(t *testing.T) {
	address := serve(t)
	digest := func(tag string) string {
		ref, err := name.NewTag(address + "/" + Repository + ":" + tag)
		if err != nil {
			t.Fatal(err)
		}
		found, err := remote.Get(ref)
		if err != nil {
			t.Fatal(err)
		}
		return found.Digest.String()
	}
	move := func(form url.Values) int {
		response, err := http.PostForm("http://"+address+"/move", form)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	before := digest("v2.5.0")
	if status := move(url.Values{"tag": {"v2.5.0"}}); status != http.StatusOK || digest("v2.5.0") == before {
		t.Errorf("%d: not moved", status)
	}
	if status := move(url.Values{"tag": {"v2.5.0"}, "back": {"1"}}); status != http.StatusOK || digest("v2.5.0") != before {
		t.Errorf("%d: not moved back", status)
	}
	if status := move(url.Values{"tag": {"v2.5.0-missing"}}); status != http.StatusNotFound {
		t.Errorf("%d", status)
	}
}

func TestAPI(t *testing.T) {
	address := serve(t)
	get := func(path string) map[string]any {
		response, err := http.Get("http://" + address + "/api/v3/repos/datahub/gateway" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]any{}
		if err := json.Unmarshal(text, &found); err != nil {
			t.Fatalf("GET %s: %v: %s", path, err, text)
		}
		return found
	}
	object := get("/git/ref/tags/v2.5.0-errors")["object"].(map[string]any)
	if object["type"] != "tag" {
		t.Fatalf("%v", object)
	}
	commit := get("/git/tags/" + object["sha"].(string))["object"].(map[string]any)["sha"].(string)
	if status := get("/compare/" + commit + "...main")["status"]; status != "ahead" {
		t.Errorf("on main: %v", status)
	}
	conclusions := map[any]any{}
	for _, run := range get("/commits/" + commit + "/check-runs")["check_runs"].([]any) {
		conclusions[run.(map[string]any)["name"]] = run.(map[string]any)["conclusion"]
	}
	if conclusions["security-scan"] != "failure" || conclusions["load-tests"] != "success" {
		t.Errorf("%v", conclusions)
	}
	if object := get("/git/ref/tags/v2.4.1")["object"].(map[string]any); object["type"] != "commit" {
		t.Errorf("lightweight: %v", object)
	}
	aside := get("/git/tags/" + get("/git/ref/tags/v2.6.0")["object"].(map[string]any)["sha"].(string))["object"].(map[string]any)["sha"].(string)
	if status := get("/compare/" + aside + "...main")["status"]; status != "diverged" {
		t.Errorf("not on main: %v", status)
	}
	if message := get("/git/ref/tags/v9.9.9")["message"]; message != "Not Found" {
		t.Errorf("%v", message)
	}
}
