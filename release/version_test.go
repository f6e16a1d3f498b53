package release_test

import (
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

func TestCheckVersion(t *testing.T) {
	for _, good := range []string{"v2.5.0", "latest", "_x", "2026-11-23.1", strings.Repeat("a", 128), "v1@" + digestA, "v1@sha512:" + strings.Repeat("0", 128)} {
		if err := release.CheckVersion(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "v2:5", "-x", ".x", "v2 5", "é", "a/b", "v1\x1b[31m", "not a tag!!", strings.Repeat("a", 129), "v1@", "@" + digestA, "v1@sha256:0123", "v1@md5:" + strings.Repeat("0", 32), "v1@" + strings.ToUpper(digestA), "v1@" + digestA + "@" + digestA, "v1@:", "v1@x"} {
		err := release.CheckVersion(bad)
		if err == nil {
			t.Errorf("%q is accepted", bad)
		} else if strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("control characters in %q", err)
		}
	}
}

// A record is found again by the version that was asked for, digest or not.
func TestAsks(t *testing.T) {
	plan := release.Plan{Image: "ghcr.io/x/gw"}
	pinned := release.Record{To: release.Target{Version: "v1", Image: "mirror.corp/x/gw:v1@" + digestA}}
	for version, want := range map[string]bool{"v1": true, "v1@" + digestA: true, "v1@" + digestB: false, "v2": false, "v2@" + digestA: false} {
		if got := pinned.Asks(plan, version); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}
