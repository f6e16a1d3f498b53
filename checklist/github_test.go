package checklist

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// gitHub answers as GitHub Enterprise does about a real git repository.
type gitHub struct {
	t        *testing.T
	url, dir string
	runs     map[string][]map[string]any // check runs, by commit
	statuses map[string][]map[string]any
	flows    []map[string]any
	page     int

	mu    sync.Mutex
	front http.HandlerFunc // answers in its place, if set
	token string
	asked []string // what was answered with more than 304
}

// stand puts something in front of it, or a token that it wants.
func (g *gitHub) stand(front http.HandlerFunc, token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.front, g.token = front, token
}

// answered lists what was answered with more than 304.
func (g *gitHub) answered() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.asked)
}

func openGitHub(t *testing.T) *gitHub {
	t.Helper()
	g := &gitHub{t: t, dir: t.TempDir(), runs: map[string][]map[string]any{}, statuses: map[string][]map[string]any{}, page: 100}
	g.git("init", "-q", "-b", "main")
	g.git("commit", "-q", "--allow-empty", "-m", "first")
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

func (g *gitHub) git(args ...string) string {
	g.t.Helper()
	out, err := g.ask(args...)
	if err != nil {
		g.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (g *gitHub) ask(args ...string) (string, error) {
	command := exec.Command("git", args...)
	command.Dir = g.dir
	command.Env = append(os.Environ(), "GIT_AUTHOR_NAME=eng-a", "GIT_AUTHOR_EMAIL=eng-a@datahub.io", "GIT_COMMITTER_NAME=eng-a",
		"GIT_COMMITTER_EMAIL=eng-a@datahub.io", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_COMMITTER_DATE=2026-11-23T12:08:00Z", "GIT_AUTHOR_DATE=2026-11-23T12:08:00Z")
	out, err := command.Output()
	return strings.TrimSpace(string(out)), err
}

func (g *gitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	front, token := g.front, g.token
	g.mu.Unlock()
	if front != nil {
		front(w, r)
		return
	}
	if token != "" && r.Header.Get("Authorization") != "Bearer "+token {
		g.answer(w, r, http.StatusUnauthorized, map[string]any{"message": "Bad credentials"})
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v3/repos/datahub/gateway")
	if !ok {
		g.answer(w, r, http.StatusNotFound, map[string]any{"message": "Not Found"})
		return
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "":
		g.answer(w, r, 200, map[string]any{"full_name": "datahub/gateway"})
	case strings.HasPrefix(path, "/git/ref/tags/"):
		name := strings.TrimPrefix(path, "/git/ref/tags/")
		sha, err := g.ask("rev-parse", "--verify", "-q", "refs/tags/"+name)
		if err != nil {
			g.answer(w, r, http.StatusNotFound, map[string]any{"message": "Not Found"})
			return
		}
		g.answer(w, r, 200, map[string]any{"ref": "refs/tags/" + name, "object": map[string]any{"type": g.git("cat-file", "-t", sha), "sha": sha}})
	case strings.HasPrefix(path, "/git/tags/"):
		text := g.git("cat-file", "-p", parts[2])
		found := map[string]string{}
		for line := range strings.Lines(text) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			if _, twice := found[key]; !twice {
				found[key] = value
			}
		}
		name, _, _ := strings.Cut(found["tagger"], " <")
		g.answer(w, r, 200, map[string]any{"tag": found["tag"], "object": map[string]any{"type": found["type"], "sha": found["object"]}, "tagger": map[string]any{"name": name, "date": "2026-11-23T12:08:00Z"}})
	case path == "/tags":
		var tags []map[string]any
		for name := range strings.Lines(g.git("tag", "-l") + "\n") {
			tags = append(tags, map[string]any{"name": strings.TrimSpace(name)})
		}
		g.answer(w, r, 200, tags)
	case strings.HasPrefix(path, "/compare/"):
		base, head, _ := strings.Cut(parts[1], "...")
		status := "diverged"
		if _, err := g.ask("merge-base", "--is-ancestor", base, head); err == nil {
			status = "ahead"
		}
		g.answer(w, r, 200, map[string]any{"status": status})
	case path == "/actions/runs":
		g.list(w, r, "workflow_runs", g.flows)
	case strings.HasSuffix(path, "/check-runs"):
		g.list(w, r, "check_runs", g.runs[parts[1]])
	case strings.HasSuffix(path, "/status"):
		g.list(w, r, "statuses", g.statuses[parts[1]])
	default:
		g.answer(w, r, http.StatusNotFound, map[string]any{"message": "Not Found"})
	}
}

func (g *gitHub) list(w http.ResponseWriter, r *http.Request, name string, all []map[string]any) {
	page := 1
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && n > 0 {
		page = n
	}
	from, to := min((page-1)*g.page, len(all)), min(page*g.page, len(all))
	if to < len(all) {
		next := *r.URL
		query := next.Query()
		query.Set("page", strconv.Itoa(page+1))
		next.RawQuery = query.Encode()
		w.Header().Set("Link", fmt.Sprintf(`<%s%s>; rel="next"`, g.url, next.String()))
	}
	g.answer(w, r, 200, map[string]any{"total_count": len(all), name: append([]map[string]any{}, all[from:to]...)})
}

func (g *gitHub) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		g.t.Error(err)
	}
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(text))
	w.Header().Set("X-RateLimit-Limit", "5000")
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(5000-len(g.answered())))
	w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	g.mu.Lock()
	g.asked = append(g.asked, r.URL.Path)
	g.mu.Unlock()
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// tag makes a commit with a tag, and gives the commit.
func (g *gitHub) tag(name string, args ...string) string {
	g.git("commit", "-q", "--allow-empty", "-m", "of "+name)
	g.git(append(append([]string{"tag"}, args...), name)...)
	return g.git("rev-parse", "HEAD")
}

func (g *gitHub) open(token string) *hub {
	g.t.Helper()
	h, err := openHub("datahub/gateway", g.url, token)
	if err != nil {
		g.t.Fatal(err)
	}
	return h
}

func checkRun(name, status, conclusion string) map[string]any {
	run := map[string]any{"name": name, "status": status, "started_at": now.Add(-30 * time.Minute), "app": map[string]any{"slug": "github-actions"}}
	if status == "completed" {
		run["conclusion"], run["completed_at"] = conclusion, now.Add(-20*time.Minute)
	}
	return run
}

func with(run map[string]any, key string, value any) map[string]any {
	run[key] = value
	return run
}

// said is all that a person can read of a finding.
func (f finding) said() string { return fmt.Sprint(f.Short, "\n", f.Detail, "\n", f.Rows) }

func TestGitHubChecks(t *testing.T) {
	g := openGitHub(t)
	commit := g.tag("v2.5.0", "-a", "-m", "Release v2.5.0")
	g.page = 2 // what is wanted is on later pages
	suite := map[string]any{"id": 7}
	g.flows = []map[string]any{
		{"id": 2, "name": "nightly", "workflow_id": 5, "run_number": 9, "head_sha": commit, "status": "completed", "conclusion": "success", "updated_at": now.Add(-time.Hour)},
		{"id": 1, "name": "nightly", "workflow_id": 5, "run_number": 8, "head_sha": commit, "status": "completed", "conclusion": "failure", "updated_at": now.Add(-2 * time.Hour)},
		{"id": 3, "name": "load", "workflow_id": 6, "run_number": 4812, "head_sha": commit, "status": "completed", "conclusion": "success", "check_suite_id": 7},
	}
	g.runs[commit] = []map[string]any{
		checkRun("build", "completed", "success"),
		checkRun("unit", "completed", "success"),
		with(with(checkRun("load-tests", "completed", "success"), "check_suite", suite), "output", map[string]any{"title": "p95 61ms at 18,000/s"}),
		with(checkRun("scan", "completed", "failure"), "output", map[string]any{"title": "1 critical, 2 medium \x1b[31m"}),
		checkRun("slow", "in_progress", ""),
		checkRun("docs", "completed", "skipped"),
		checkRun("late", "completed", "timed_out"),
		checkRun("twice", "completed", "success"),
		with(checkRun("twice", "completed", "failure"), "app", map[string]any{"slug": "other"}),
		checkRun("both", "completed", "success"),
	}
	g.statuses[commit] = []map[string]any{
		{"context": "ci/legacy", "state": "success", "description": "ok", "updated_at": now},
		{"context": "ci/pending", "state": "pending", "updated_at": now},
		{"context": "both", "state": "error", "updated_at": now},
	}
	for name, c := range map[string]struct {
		checks      []string
		verdict     release.Verdict
		early       bool
		short, said string
	}{
		"green":                {[]string{"load-tests"}, release.Pass, false, "#4812", "load-tests: run #4812 green 12:23: p95 61ms at 18,000/s"},
		"red":                  {[]string{"scan"}, release.Fail, false, "1 critical", "scan: red 12:23: 1 critical, 2 medium"},
		"one of two red":       {[]string{"load-tests", "scan"}, release.Fail, false, "1 critical", "scan"},
		"red outweighs none":   {[]string{"nowhere", "scan"}, release.Fail, false, "1 critical", "scan"},
		"running":              {[]string{"slow"}, release.NoData, true, "running", "slow: running for 30:00"},
		"running, and none":    {[]string{"slow", "nowhere"}, release.NoData, true, "running", "no"},
		"skipped":              {[]string{"docs"}, release.NoData, false, "skipped", "it has verified nothing"},
		"timed out":            {[]string{"late"}, release.Fail, false, "red", "red (timed out)"},
		"two of a name":        {[]string{"twice"}, release.Fail, false, "red", "twice"},
		"a run and a status":   {[]string{"both"}, release.Fail, false, "red", "both: red (error)"},
		"none":                 {[]string{"load-test"}, release.NoData, false, "no load-test", "no check named load-test; there are: load-tests"},
		"a status":             {[]string{"ci/legacy"}, release.Pass, false, "ok", "ci/legacy: green"},
		"a status that waits":  {[]string{"ci/pending"}, release.NoData, true, "running", "ci/pending"},
		"the newest of a flow": {[]string{"nightly"}, release.Pass, false, "#9", "nightly: run #9 green 11:43"},
	} {
		t.Run(name, func(t *testing.T) {
			got := probeGitHub(t.Context(), g.open(""), release.GitHubCheck{Checks: c.checks, Branch: "main"}, "v2.5.0", now)
			if got.Verdict != c.verdict || got.Early != c.early || got.Short != c.short || !strings.Contains(got.said(), c.said) || strings.Contains(got.said(), "\x1b") {
				t.Errorf("%+v\nwant %+v", got, c)
			}
		})
	}
	t.Run("more than can be read", func(t *testing.T) {
		g.page = 1
		got := probeGitHub(t.Context(), g.open(""), release.GitHubCheck{Checks: []string{"load-tests"}, Branch: "main"}, "v2.5.0", now)
		if got.Verdict != release.NoData || !strings.Contains(got.Detail, "more than 500 entries") {
			t.Errorf("%+v", got)
		}
	})
}

func TestGitHubTag(t *testing.T) {
	g := openGitHub(t)
	commit := g.tag("v2.5.0", "-a", "-m", "Release v2.5.0")
	g.runs[commit] = []map[string]any{checkRun("build", "completed", "success"), checkRun("scan", "completed", "failure")}
	g.tag("v2.4.0")
	g.git("checkout", "-q", "-b", "side")
	g.tag("v2.6.0", "-a", "-m", "Release v2.6.0")
	for name, c := range map[string]struct {
		version     string
		check       release.GitHubCheck
		verdict     release.Verdict
		short, said string
	}{
		"annotated, on main":  {"v2.5.0", release.GitHubCheck{Branch: "main"}, release.Pass, commit[:7], "on main; 1 of 2 checks green; red: scan"},
		"lightweight":         {"v2.4.0", release.GitHubCheck{Branch: "main"}, release.Fail, "lightweight", "git tag -a v2.4.0"},
		"lightweight allowed": {"v2.4.0", release.GitHubCheck{Branch: "main", Lightweight: true}, release.Pass, "", "lightweight"},
		"not on main":         {"v2.6.0", release.GitHubCheck{Branch: "main"}, release.Fail, "not on main", "which is not on main"},
		"on another branch":   {"v2.6.0", release.GitHubCheck{Branch: "side"}, release.Pass, "", "on side"},
		"no tag":              {"v2.5.1", release.GitHubCheck{Branch: "main"}, release.Fail, "no tag", "the nearest: v2.5.0"},
	} {
		t.Run(name, func(t *testing.T) {
			got := probeGitHub(t.Context(), g.open(""), c.check, c.version, now)
			if got.Verdict != c.verdict || c.short != "" && got.Short != c.short || !strings.Contains(got.said(), c.said) {
				t.Errorf("%+v\nwant %+v", got, c)
			}
		})
	}
}

// What has not changed is not sent again, and what is left of the limit is shown.
func TestGitHubAsksConditionally(t *testing.T) {
	g := openGitHub(t)
	commit := g.tag("v2.5.0", "-a", "-m", "Release v2.5.0")
	g.runs[commit] = []map[string]any{checkRun("scan", "in_progress", "")}
	h, check := g.open(""), release.GitHubCheck{Checks: []string{"scan"}}
	probeGitHub(t.Context(), h, check, "v2.5.0", now)
	before := len(g.answered())
	got := probeGitHub(t.Context(), h, check, "v2.5.0", now)
	if len(g.answered()) != before || got.Short != "running" {
		t.Errorf("asked again: %q; %+v", g.answered()[before:], got)
	}
	if want := fmt.Sprintf("%d of 5000 requests left", 5000-before); !strings.Contains(got.said(), want) {
		t.Errorf("%s\nwant %s", got.said(), want)
	}
	g.runs[commit] = []map[string]any{checkRun("scan", "completed", "success")}
	if got := probeGitHub(t.Context(), h, check, "v2.5.0", now); got.Verdict != release.Pass {
		t.Errorf("a change is not seen: %+v", got)
	}
}

func TestGitHubFaults(t *testing.T) {
	g := openGitHub(t)
	g.tag("v2.5.0", "-a", "-m", "Release v2.5.0")
	answers := func(status int, header map[string]string, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	reset := now.Add(10 * time.Minute)
	for name, c := range map[string]struct {
		front   http.HandlerFunc
		lasting bool
		said    string
		wait    time.Duration
	}{
		"no token":      {answers(401, nil, `{"message":"Bad credentials"}`), true, "401 Unauthorized: Bad credentials; the token is missing, wrong or has expired", 0},
		"may not":       {answers(403, nil, `{"message":"Resource not accessible"}`), true, "the token may not read datahub/gateway", 0},
		"no repository": {answers(404, nil, `{"message":"Not Found"}`), true, "no repository datahub/gateway, or the token may not read it", 0},
		"rate limit":    {answers(403, map[string]string{"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(reset.Unix(), 10)}, `{"message":"API rate limit exceeded"}`), false, "the rate limit of 60 requests is used up, until " + reset.Local().Format("15:04:05"), 10 * time.Minute},
		"slow down":     {answers(403, map[string]string{"Retry-After": "90"}, `{"message":"You have exceeded a secondary rate limit","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`), false, "asks to slow down", 90 * time.Second},
		"503":           {answers(503, nil, `<html>`), false, "503 Service Unavailable", 0},
		"no JSON":       {answers(200, nil, `<html>`), false, "invalid character", 0},
		"loop": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}, false, "redirected more than 5 times", 0},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://other.example/", http.StatusTemporaryRedirect)
		}, false, "redirected to another host", 0},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, false, "larger than 4 MiB", 0},
	} {
		t.Run(name, func(t *testing.T) {
			g.stand(c.front, "")
			got := probeGitHub(t.Context(), g.open("s3cret"), release.GitHubCheck{Branch: "main"}, "v2.5.0", now)
			if got.Verdict != release.NoData || got.Lasting != c.lasting || got.Wait != c.wait || !strings.Contains(got.Detail, c.said) || strings.Contains(got.said(), "s3cret") {
				t.Errorf("%+v\nwant %q", got, c.said)
			}
		})
	}
	t.Run("hangs", func(t *testing.T) {
		g.stand(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if got := probeGitHub(ctx, g.open(""), release.GitHubCheck{Branch: "main"}, "v2.5.0", now); got.Verdict != release.NoData || got.Lasting {
			t.Errorf("%+v", got)
		}
	})
	t.Run("with its token", func(t *testing.T) {
		g.stand(nil, "s3cret")
		if got := probeGitHub(t.Context(), g.open("s3cret"), release.GitHubCheck{Branch: "main"}, "v2.5.0", now); got.Verdict != release.Pass {
			t.Errorf("%+v", got)
		}
		if got := probeGitHub(t.Context(), g.open("other"), release.GitHubCheck{Branch: "main"}, "v2.5.0", now); got.Verdict != release.NoData || got.Short != "401" {
			t.Errorf("%+v", got)
		}
	})
}
