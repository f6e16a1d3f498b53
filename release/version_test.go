package release_test

import (
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

func TestCheckVersion(t *testing.T) {
	for _, good := range []string{"v2.5.0", "latest", "_x", "2026-11-23.1", strings.Repeat("a", 128)} {
		if err := release.CheckVersion(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "v2:5", "-x", ".x", "v2 5", "é", "a/b", "v1\x1b[31m", "not a tag!!", strings.Repeat("a", 129)} {
		err := release.CheckVersion(bad)
		if err == nil {
			t.Errorf("%q is accepted", bad)
		} else if strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("control characters in %q", err)
		}
	}
}
