package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that is no configuration, however large, is told of with its line.
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
		_, err := Load(Options{Path: path})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.200v, want %q", name, err, c.want)
		}
	}
	if _, err := Load(Options{Path: "/dev/zero"}); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("an endless file: %v", err)
	}
}

// BenchmarkBrokenFile is how long 2,000 long lines take that break in the middle.
func BenchmarkBrokenFile(b *testing.B) {
	line := "  key-%: \"" + strings.Repeat("long ", 80) + "\"\n"
	path := filepath.Join(b.TempDir(), "slipway.yaml")
	text := "a:\n" + strings.Repeat(line, 1000) + "  b: ]\n" + strings.Repeat(line, 1000)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Load(Options{Path: path}); err == nil {
			b.Fatal("it was read")
		}
	}
}
