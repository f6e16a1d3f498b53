package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A file that is no configuration, however large, is told of at once.
func TestLargeFiles(t *testing.T) {
	line := "  key-%: \"" + strings.Repeat("long ", 80) + "\"\n"
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"broken at the end":       {"a:\n" + strings.Repeat(line, 2000) + "  b: [\n", ":2002: found what is not YAML"},
		"broken at the beginning": {"a:\n  b: ]\n" + strings.Repeat(line, 2000), ":2: found what is not YAML"},
		"broken in the middle":    {"a:\n" + strings.Repeat(line, 1000) + "  b: ]\n" + strings.Repeat(line, 1000), ":1002: found what is not YAML"},
		"too large":               {strings.Repeat(line, 4000), "larger than 1 MiB"},
	} {
		path := filepath.Join(t.TempDir(), "slipway.yaml")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := Load(Options{Path: path})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.200v, want %q", name, err, c.want)
		}
		if took := time.Since(began); took > 5*time.Second { // 2,000 beginnings took 24 s
			t.Errorf("%s: it took %s", name, took)
		}
	}
	if _, err := Load(Options{Path: "/dev/zero"}); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("an endless file: %v", err)
	}
}
