package outside

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// repository is the git repository with the gateway's tags.
type repository struct{ dir string }

// create makes the repository, where there is none: a commit and a tag for each version.
func (r repository) create() error {
	if _, err := os.Stat(r.dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(r.dir), 0o755); err != nil {
		return err
	}
	if out, err := exec.Command("git", "init", "-q", "--bare", "-b", "main", r.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("git init: %w: %s", err, out)
	}
	var stream strings.Builder
	began := time.Now().Add(-time.Duration(len(versions)) * 24 * time.Hour).Unix()
	who := func(i int) string { return fmt.Sprintf("eng-a <eng-a@datahub.io> %d +0000", began+int64(i)*24*3600) }
	text := func(s string) string { return fmt.Sprintf("data %d\n%s\n", len(s), s) }
	for i, v := range versions {
		branch := "refs/heads/main"
		if v.aside {
			branch = "refs/heads/next"
		}
		fmt.Fprintf(&stream, "commit %s\nmark :%d\ncommitter %s\n%s", branch, i+1, who(i), text("Prepare "+v.name))
		if v.aside && i > 0 {
			fmt.Fprintf(&stream, "from :%d\n", i)
		}
		fmt.Fprintf(&stream, "M 100644 inline VERSION\n%s\n", text(v.name))
		if v.lightweight {
			fmt.Fprintf(&stream, "reset refs/tags/%s\nfrom :%d\n\n", v.name, i+1)
		} else {
			fmt.Fprintf(&stream, "tag %s\nfrom :%d\ntagger %s\n%s", v.name, i+1, who(i), text("Release "+v.name))
		}
	}
	command := exec.Command("git", "--git-dir", r.dir, "fast-import", "--quiet")
	command.Stdin = strings.NewReader(stream.String())
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("git fast-import: %w: %s", err, out)
	}
	return nil
}

func (r repository) git(args ...string) (string, error) {
	out, err := exec.Command("git", append([]string{"--git-dir", r.dir}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}

// versionAt is the version whose commit it is.
func (r repository) versionAt(commit string) (version, bool) {
	for _, v := range versions {
		if found, err := r.git("rev-parse", "refs/tags/"+v.name+"^{commit}"); err == nil && found == commit {
			return v, true
		}
	}
	return version{}, false
}

// api answers as GitHub Enterprise does.
type api struct{ repository }

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v3/repos/datahub/gateway")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	body, err := a.find(path, parts, r.URL.Query().Get("head_sha"))
	if err != nil {
		answer(w, r, http.StatusNotFound, map[string]any{"message": "Not Found"})
		return
	}
	answer(w, r, http.StatusOK, body)
}

func (a *api) find(path string, parts []string, head string) (any, error) {
	switch {
	case path == "":
		return map[string]any{"full_name": "datahub/gateway"}, nil
	case path == "/tags":
		var tags []map[string]any
		for _, v := range versions {
			tags = append(tags, map[string]any{"name": v.name})
		}
		return tags, nil
	case strings.HasPrefix(path, "/git/ref/tags/"):
		return a.ref(strings.TrimPrefix(path, "/git/ref/"))
	case strings.HasPrefix(path, "/git/tags/"):
		return a.annotation(parts[2])
	case strings.HasPrefix(path, "/compare/"):
		base, branch, _ := strings.Cut(parts[1], "...")
		if _, err := a.git("merge-base", "--is-ancestor", base, branch); err != nil {
			return map[string]any{"status": "diverged"}, nil
		}
		return map[string]any{"status": "ahead"}, nil
	case path == "/actions/runs":
		return a.runs(head), nil
	case strings.HasSuffix(path, "/check-runs"):
		return a.checks(parts[1]), nil
	case strings.HasSuffix(path, "/status"):
		return map[string]any{"statuses": []any{}}, nil
	}
	return nil, os.ErrNotExist
}

func (a *api) ref(name string) (any, error) {
	sha, err := a.git("rev-parse", "--verify", "-q", "refs/"+name)
	if err != nil {
		return nil, err
	}
	object, err := a.git("cat-file", "-t", sha)
	return map[string]any{"ref": "refs/" + name, "object": map[string]any{"type": object, "sha": sha}}, err
}

func (a *api) annotation(sha string) (any, error) {
	text, err := a.git("cat-file", "tag", sha)
	if err != nil {
		return nil, err
	}
	head, _, _ := strings.Cut(text, "\n\n")
	found := map[string]string{}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[key] = value
	}
	tagger, rest, _ := strings.Cut(found["tagger"], " <")
	fields := strings.Fields(rest)
	seconds, err := strconv.ParseInt(fields[len(fields)-2], 10, 64)
	return map[string]any{
		"tag": found["tag"], "object": map[string]any{"type": found["type"], "sha": found["object"]},
		"tagger": map[string]any{"name": tagger, "date": time.Unix(seconds, 0).UTC()},
	}, err
}

// numbers of a version's workflow runs.
func (a *api) number(v version) int {
	for i := range versions {
		if versions[i].name == v.name {
			return 4800 + 3*i
		}
	}
	return 0
}

func (a *api) runs(commit string) any {
	v, ok := a.versionAt(commit)
	if !ok {
		return map[string]any{"workflow_runs": []any{}}
	}
	run := func(workflow int, name string, r result) map[string]any {
		status, at := "completed", time.Now().Add(-14*time.Minute).Truncate(time.Hour)
		if r.conclusion == "" {
			status = "in_progress"
		}
		return map[string]any{
			"id": a.number(v)*10 + workflow, "name": name, "workflow_id": workflow, "run_number": a.number(v) + workflow, "head_sha": commit,
			"status": status, "conclusion": r.conclusion, "check_suite_id": a.number(v)*10 + workflow, "updated_at": at,
		}
	}
	return map[string]any{"workflow_runs": []any{run(1, "build", result{"success", ""}), run(2, "load", v.load), run(3, "scan", v.scan)}}
}

func (a *api) checks(commit string) any {
	v, ok := a.versionAt(commit)
	if !ok {
		return map[string]any{"check_runs": []any{}}
	}
	run := func(workflow int, name string, r result) map[string]any {
		ended := time.Now().Add(-14 * time.Minute).Truncate(time.Hour)
		found := map[string]any{
			"id": a.number(v)*10 + workflow, "name": name, "status": "completed", "conclusion": r.conclusion, "started_at": ended.Add(-9 * time.Minute),
			"completed_at": ended, "output": map[string]any{"title": r.title}, "check_suite": map[string]any{"id": a.number(v)*10 + workflow},
			"app": map[string]any{"slug": "github-actions"},
		}
		if r.conclusion == "" {
			found["status"] = "in_progress"
			delete(found, "conclusion")
			delete(found, "completed_at")
		}
		return found
	}
	return map[string]any{"check_runs": []any{run(1, "image", result{"success", ""}), run(2, "load-tests", v.load), run(3, "security-scan", v.scan)}}
}

func answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(text))
	w.Header().Set("X-RateLimit-Limit", "5000")
	w.Header().Set("X-RateLimit-Remaining", "4987")
	w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).Truncate(time.Hour).Unix(), 10))
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
