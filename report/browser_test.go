package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser is a headless Chromium, or the test is skipped, and says so. `make browser`
// installs one.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED: no Chromium here, so the report was not opened in a browser; make browser installs one")
	return ""
}

func browse(t *testing.T, path string, args ...string) (out, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args = append([]string{
		"--headless", "--hide-scrollbars", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--enable-logging=stderr", "--v=0", "--virtual-time-budget=2000", "--user-data-dir=" + t.TempDir(),
	}, args...)
	cmd := exec.CommandContext(ctx, path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return stdout.String(), stderr.String()
}

// A real browser opens the report at each width: nothing is complained about, nothing is
// wider than the window, and A4 has pages. The page is framed by one that measures it, for
// the report itself may run nothing.
func TestInABrowser(t *testing.T) {
	path := browser(t)
	dir := t.TempDir()
	for name, in := range samples() {
		page := Build(in).HTML()
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, page, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{400, 1000} {
			// The policy is for readers; what measures needs to run.
			probe := bytes.Replace(page, []byte(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`), nil, 1)
			if bytes.Equal(probe, page) {
				t.Fatal("the policy was not found")
			}
			inner := filepath.Join(dir, "inner.html")
			measure := `<script>addEventListener("load",()=>parent.postMessage([document.documentElement.scrollWidth,innerWidth,document.querySelectorAll("svg.plot path").length].join(" "),"*"))</script>`
			if err := os.WriteFile(inner, append(probe, measure...), 0o600); err != nil {
				t.Fatal(err)
			}
			outer := filepath.Join(dir, "outer.html")
			frame := fmt.Sprintf(`<!doctype html><p id="is"></p><script>addEventListener("message",e=>document.getElementById("is").textContent="measured "+e.data)</script><iframe src="inner.html" width="%d" height="900" style="border:0"></iframe>`, width)
			if err := os.WriteFile(outer, []byte(frame), 0o600); err != nil {
				t.Fatal(err)
			}
			out, _ := browse(t, path, "--window-size=1200,1000", "--dump-dom", "file://"+outer)
			found := regexp.MustCompile(`measured (\d+) (\d+) (\d+)`).FindStringSubmatch(out)
			if found == nil {
				t.Fatalf("%s at %d: not measured: %.300s", name, width, out)
			}
			if found[1] != found[2] || found[2] != fmt.Sprint(width) || found[3] == "0" {
				t.Errorf("%s at %d px: it is %s px wide in a window of %s, with %s curves", name, width, found[1], found[2], found[3])
			}
		}
		_, log := browse(t, path, "--dump-dom", "file://"+file)
		for _, line := range strings.Split(log, "\n") {
			if strings.Contains(line, "CONSOLE") {
				t.Errorf("%s: the browser says: %s", name, line)
			}
		}
		pdf := filepath.Join(dir, name+".pdf")
		browse(t, path, "--print-to-pdf="+pdf, "--no-pdf-header-footer", "file://"+file)
		text, err := os.ReadFile(pdf)
		if err != nil {
			t.Fatal(err)
		}
		if pages := len(regexp.MustCompile(`/Type\s*/Page\b[^s]`).FindAll(text, -1)); pages < 1 || pages > 8 {
			t.Errorf("%s: %d pages of A4", name, pages)
		}
	}
}
