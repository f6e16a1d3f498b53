package checklist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ociregistry "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"datahub.io/slipway/release"
)

// testRegistry is a real registry, in front of which a test may stand.
type testRegistry struct {
	repository string

	mu    sync.Mutex
	front func(w http.ResponseWriter, r *http.Request, next http.Handler)
	asked []string
}

// stand puts something in front of the registry, and forgets what was asked before.
func (h *testRegistry) stand(front func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.front, h.asked = front, nil
}

// requests lists what was asked.
func (h *testRegistry) requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.asked)
}

func openTestRegistry(t *testing.T) *testRegistry {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // anonymous, unless a test logs in
	t.Setenv("HOME", t.TempDir())
	h := &testRegistry{}
	behind := ociregistry.New(ociregistry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.asked = append(h.asked, r.Method+" "+r.URL.Path)
		front := h.front
		h.mu.Unlock()
		if front != nil {
			front(w, r, behind)
			return
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.repository = strings.TrimPrefix(server.URL, "http://") + "/datahub/gateway"
	return h
}

// push stores an image of these platforms under a tag, and gives its digest.
func (h *testRegistry) push(t *testing.T, tag string, platforms ...string) string {
	t.Helper()
	ref, err := name.NewTag(h.repository + ":" + tag)
	if err != nil {
		t.Fatal(err)
	}
	index := v1.ImageIndex(empty.Index)
	for _, p := range platforms {
		system, architecture, _ := strings.Cut(p, "/")
		image, err := random.Image(1024, 3)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		config = config.DeepCopy()
		config.OS, config.Architecture, config.Created = system, architecture, v1.Time{Time: now.Add(-time.Hour)}
		if image, err = mutate.ConfigFile(image, config); err != nil {
			t.Fatal(err)
		}
		if len(platforms) == 1 {
			if err := remote.Write(ref, image); err != nil {
				t.Fatal(err)
			}
			digest, err := image.Digest()
			if err != nil {
				t.Fatal(err)
			}
			return digest.String()
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: system, Architecture: architecture}}})
	}
	attested, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: attested, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}}})
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

type ground struct {
	nodes   map[string]int
	secrets map[string]bool
	err     error
}

func (g ground) Platforms(context.Context) (map[string]int, error)    { return g.nodes, g.err }
func (g ground) PullSecrets(context.Context) (map[string]bool, error) { return g.secrets, nil }

var both = ground{nodes: map[string]int{"linux/amd64": 4, "linux/arm64": 2}, secrets: map[string]bool{"regcred": true}}

func (h *testRegistry) probe(t *testing.T, g ground, check release.ImageCheck, tag, pinned string) finding {
	t.Helper()
	at, err := openRegistry(h.repository)
	if err != nil {
		t.Fatal(err)
	}
	return probeImage(t.Context(), at, g, check, tag, pinned)
}

func TestImage(t *testing.T) {
	h := openTestRegistry(t)
	two, one := h.push(t, "v2.5.0", "linux/amd64", "linux/arm64"), h.push(t, "v2.4.0", "linux/amd64")
	h.push(t, "v2.4.1", "linux/amd64")
	for name, c := range map[string]struct {
		tag     string
		ground  ground
		check   release.ImageCheck
		pinned  string
		verdict release.Verdict
		lasting bool
		digest  string
		said    string // in the detail or a fact
	}{
		"an index":          {"v2.5.0", both, release.ImageCheck{PullSecrets: true}, "", release.Pass, false, two, "with Secret regcred"},
		"the same still":    {"v2.5.0", both, release.ImageCheck{}, two, release.Pass, false, two, "linux/amd64, linux/arm64"},
		"one image":         {"v2.4.0", ground{nodes: map[string]int{"linux/amd64": 4}}, release.ImageCheck{}, "", release.Pass, false, one, "built"},
		"moved":             {"v2.5.0", both, release.ImageCheck{}, one, release.Fail, false, two, "3 of 3 layers"},
		"moved, and gone":   {"v2.5.0", both, release.ImageCheck{}, "sha256:" + strings.Repeat("0", 64), release.Fail, false, two, "has no tag"},
		"wrong platform":    {"v2.4.0", both, release.ImageCheck{}, "", release.Fail, false, one, "linux/arm64, which 2 of 6 nodes have"},
		"declared":          {"v2.4.0", ground{err: errors.New("forbidden")}, release.ImageCheck{Platforms: []string{"linux/amd64"}}, "", release.Pass, false, one, "linux/amd64"},
		"declared, missing": {"v2.4.0", both, release.ImageCheck{Platforms: []string{"linux/arm64"}}, "", release.Fail, false, one, "no linux/arm64, only linux/amd64"},
		"nodes unseen":      {"v2.4.0", ground{err: errors.New("forbidden")}, release.ImageCheck{}, "", release.NoData, false, one, "forbidden"},
		"no nodes":          {"v2.4.0", ground{}, release.ImageCheck{}, "", release.NoData, false, one, "no node"},
		"no secret":         {"v2.5.0", ground{nodes: both.nodes, secrets: map[string]bool{"regcred": false}}, release.ImageCheck{PullSecrets: true}, "", release.Fail, false, two, "no Secret regcred"},
		"no tag":            {"v2.4.9", both, release.ImageCheck{}, "", release.Fail, false, "", "the nearest: v2.4.1, v2.4.0, v2.5.0"},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.probe(t, c.ground, c.check, c.tag, c.pinned)
			if got.Verdict != c.verdict || got.Lasting != c.lasting || got.Facts[release.FactDigest] != c.digest || !strings.Contains(got.Detail+fmt.Sprint(got.Rows), c.said) {
				t.Errorf("%+v\nwant %+v", got, c)
			}
		})
	}
}

// What a tag names does not change while it names the same: it is not read again.
func TestImageIsReadOnce(t *testing.T) {
	h := openTestRegistry(t)
	h.push(t, "v2.5.0", "linux/amd64", "linux/arm64")
	at, err := openRegistry(h.repository)
	if err != nil {
		t.Fatal(err)
	}
	probeImage(t.Context(), at, both, release.ImageCheck{}, "v2.5.0", "")
	h.stand(nil)
	if got := probeImage(t.Context(), at, both, release.ImageCheck{}, "v2.5.0", ""); got.Verdict != release.Pass {
		t.Fatalf("%+v", got)
	}
	if want := []string{"GET /v2/", "HEAD /v2/datahub/gateway/manifests/v2.5.0"}; fmt.Sprint(h.requests()) != fmt.Sprint(want) {
		t.Errorf("asked %q, want %q", h.requests(), want)
	}
}

// No answer of a registry is taken for a pass, none is without an end, and each says what it is.
func TestRegistryFaults(t *testing.T) {
	status := func(code int, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Path == "/v2/" {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Retry-After", "70")
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	for name, c := range map[string]struct {
		front   func(http.ResponseWriter, *http.Request, http.Handler)
		verdict release.Verdict
		lasting bool
		said    string
		wait    time.Duration
	}{
		"401": {status(401, `{"errors":[{"code":"UNAUTHORIZED","message":"token \u001b[31mexpired"}]}`), release.NoData, true, "401 Unauthorized: token expired; log in with: docker login 127.0.0.1", 0},
		"403": {status(403, `{"errors":[{"code":"DENIED","message":"not yours"}]}`), release.NoData, true, "may not pull datahub/gateway", 0},
		"404": {status(404, `{"errors":[{"code":"NAME_UNKNOWN","message":"?"}]}`), release.Fail, true, "has no repository datahub/gateway", 0},
		"429": {status(429, ``), release.NoData, false, "429 Too Many Requests; asks to wait 70s", 70 * time.Second},
		"503": {status(503, `<html>`), release.NoData, false, "503 Service Unavailable", 70 * time.Second},
		"loop": {func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Path == "/v2/" {
				next.ServeHTTP(w, r)
				return
			}
			http.Redirect(w, r, r.URL.Path+"x", http.StatusTemporaryRedirect)
		}, release.NoData, false, "redirected more than 5 times", 0},
		"endless": {func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Path == "/v2/" {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
			if r.Method == http.MethodHead {
				w.Header().Set("Content-Length", "99999999")
				return
			}
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, release.NoData, false, "larger than 4 MiB", 0},
		"no JSON": {func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Path == "/v2/" {
				next.ServeHTTP(w, r)
				return
			}
			fmt.Fprint(w, "<html>log in here</html>")
		}, release.Fail, true, "not a container image", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := openTestRegistry(t)
			h.stand(c.front)
			got := h.probe(t, both, release.ImageCheck{}, "v2.5.0", "")
			if got.Verdict != c.verdict || got.Lasting != c.lasting || got.Wait != c.wait || !strings.Contains(got.Detail, c.said) || got.Short == "" {
				t.Errorf("%+v\nwant %q", got, c.said)
			}
			if len(h.requests()) > 20 {
				t.Errorf("%d requests", len(h.requests()))
			}
		})
	}
	t.Run("hangs", func(t *testing.T) {
		h := openTestRegistry(t)
		h.stand(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() })
		at, err := openRegistry(h.repository)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if got := probeImage(ctx, at, both, release.ImageCheck{}, "v2.5.0", ""); got.Verdict != release.NoData || got.Lasting {
			t.Errorf("%+v", got)
		}
	})
	t.Run("down", func(t *testing.T) {
		at, err := openRegistry("127.0.0.1:1/datahub/gateway")
		if err != nil {
			t.Fatal(err)
		}
		if got := probeImage(t.Context(), at, both, release.ImageCheck{}, "v2.5.0", ""); got.Verdict != release.NoData || !strings.Contains(got.Detail, "refused") {
			t.Errorf("%+v", got)
		}
	})
}

// Logins come from Docker's configuration, or from a helper that it names.
func TestLogin(t *testing.T) {
	h := openTestRegistry(t)
	digest := h.push(t, "v2.5.0", "linux/amd64", "linux/arm64")
	h.stand(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if user, password, ok := r.BasicAuth(); !ok || user != "eng-a" || password != "s3cret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="datahub"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
	host, _, _ := strings.Cut(h.repository, "/")
	bin := t.TempDir()
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	script := func(helper, body string) {
		if err := os.WriteFile(filepath.Join(bin, "docker-credential-"+helper), []byte("#!/bin/sh\n"+body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script("good", `cat >/dev/null; echo '{"Username":"eng-a","Secret":"s3cret"}'`)
	script("empty", `cat >/dev/null; echo 'credentials not found in native keychain'; exit 1`)
	script("loud", `echo "please \033[31mlog in" >&2; exit 3`)
	script("asks", `if read answer </dev/tty; then :; fi 2>/dev/null; echo 'no terminal' >&2; exit 1`)
	script("floods", `cat >/dev/null; yes | head -c 1000000`)
	script("stuck", `sleep 60 & sleep 60`)
	for name, c := range map[string]struct {
		config  string
		verdict release.Verdict
		said    string
	}{
		"none":         {`{}`, release.NoData, "docker login " + host},
		"in the file":  {`{"auths":{"` + host + `":{"auth":"ZW5nLWE6czNjcmV0"}}}`, release.Pass, ""},
		"wrong":        {`{"auths":{"` + host + `":{"auth":"ZW5nLWE6d3Jvbmc="}}}`, release.NoData, "401"},
		"helper":       {`{"credHelpers":{"` + host + `":"good"}}`, release.Pass, ""},
		"store":        {`{"credsStore":"good"}`, release.Pass, ""},
		"helper empty": {`{"credsStore":"empty"}`, release.NoData, "docker login " + host},
		"helper fails": {`{"credsStore":"loud"}`, release.NoData, "docker-credential-loud: error getting credentials - err: exit status 3: please log in"},
		"helper asks":  {`{"credsStore":"asks"}`, release.NoData, "no terminal"},
		"helper gone":  {`{"credsStore":"nowhere"}`, release.NoData, "docker-credential-nowhere"},
		"floods":       {`{"credsStore":"floods"}`, release.NoData, "larger than 64 KiB"},
		"no JSON":      {`{`, release.NoData, "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("DOCKER_CONFIG", dir)
			if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(c.config), 0o600); err != nil {
				t.Fatal(err)
			}
			got := h.probe(t, both, release.ImageCheck{}, "v2.5.0", digest)
			if got.Verdict != c.verdict || !strings.Contains(got.Detail, c.said) || strings.Contains(fmt.Sprintf("%+v", got), "s3cret") {
				t.Errorf("%+v\nwant %q", got, c.said)
			}
		})
	}
	t.Run("a helper that does not end", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := askHelper(ctx, "docker-credential-stuck", host); err == nil || time.Since(began) > 4*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}
