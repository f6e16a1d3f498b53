package release_test

import (
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

var (
	digestA = "sha256:" + strings.Repeat("0123456789abcdef", 4)
	digestB = "sha256:" + strings.Repeat("fedcba9876543210", 4)
)

func TestParseImage(t *testing.T) {
	for image, want := range map[string]release.ImageRef{
		"":                                      {},
		"app":                                   {Repository: "app"},
		"app:v1":                                {Repository: "app", Tag: "v1"},
		"localhost:5000/app":                    {Repository: "localhost:5000/app"},
		"localhost:5000/app:v1":                 {Repository: "localhost:5000/app", Tag: "v1"},
		"ghcr.io/x/gw:v1@" + digestA:            {Repository: "ghcr.io/x/gw", Tag: "v1", Digest: digestA},
		"registry:5000/x/gw@" + digestA:         {Repository: "registry:5000/x/gw", Digest: digestA},
		"ghcr.io/x/gw@":                         {Repository: "ghcr.io/x/gw"},
		"ghcr.io/x/gw:v1@" + digestA + "@" + "": {Repository: "ghcr.io/x/gw", Tag: "v1", Digest: digestA + "@"},
	} {
		if got := release.ParseImage(image); got != want {
			t.Errorf("ParseImage(%q) = %+v, expected %+v", image, got, want)
		}
	}
}

// What an admission webhook adds leaves the version what it is; another tag, name,
// digest or path is another version.
func TestSameVersion(t *testing.T) {
	const gw = "ghcr.io/x/gw"
	for _, c := range []struct {
		asked, runs string
		want        bool
	}{
		{gw + ":v1", gw + ":v1", true},
		{gw + ":v1", gw + ":v1@" + digestA, true},
		{gw + ":v1", "mirror.corp/ghcr.io/x/gw:v1", true},
		{gw + ":v1", "mirror.corp:5000/x/gw:v1@" + digestA, true},
		{gw + ":v1", "mirror.corp/proxy/x/gw:v1", true},
		{gw + ":v1", "mirror.corp/gw:v1", true},
		{gw + ":v1", "ghcr.io/mirror/x/gw:v1", true},
		{"mirror.corp/ghcr.io/x/gw:v1", gw + ":v1", true},
		{"gw:v1", "docker.io/library/gw:v1", true},
		{"docker.io/gw:v1", "gw:v1", true},
		{"x/gw:v1", "index.docker.io/x/gw:v1", true},
		{"gw", "gw:latest", true},
		{"gw:latest", "gw", true},
		{gw + "@" + digestA, gw + ":v1@" + digestA, true},
		{gw + "@" + digestA, "mirror.corp/x/gw@" + digestA, true},
		{gw + ":v1@" + digestA, gw + ":v1@" + digestA, true},

		{"", "", false},
		{gw + ":v1", "", false},
		{"", gw + ":v1", false},
		{gw + ":v1", gw + ":v2", false},
		{gw + ":v1", gw + ":v1.0", false},
		{gw + ":v1", gw, false},
		{gw, gw + ":v1", false},
		{gw, gw + "@" + digestA, false},
		{gw + ":v1", gw + "@" + digestA, false},
		{gw + ":v1@" + digestA, gw + ":v1@" + digestB, false},
		{gw + ":v1@" + digestA, gw + ":v1", false},
		{gw + ":v1@" + digestA, gw + "@" + digestA, false},
		{gw + ":v1", gw + ":v2@" + digestA, false},
		{gw + ":v1", "ghcr.io/fork/gw:v1", false},
		{gw + ":v1", "ghcr.io/x/gw-proxy:v1", false},
		{gw + ":v1", "mirror.corp/ghcr.io/x/other-gw:v1", false},
		{gw + ":v1", "mirror.corp/gw/sidecar:v1", false},
		{"localhost:5000/gw:v1", "localhost:5000/other:v1", false},
		{"x/gw:v1", "y/gw:v1", false},
	} {
		if got := release.SameVersion(c.asked, c.runs); got != c.want {
			t.Errorf("SameVersion(%q, %q) = %v", c.asked, c.runs, got)
		}
	}
}

func TestPinnedVersion(t *testing.T) {
	for image, want := range map[string]string{
		"app:v1":            "v1",
		"app:v1@" + digestA: "v1@sha256:0123…",
		"app@" + digestA:    "0123456789ab",
		"app:v1@sha256:01":  "v1@sha256:01",
		"app":               "",
	} {
		if got := release.PinnedVersion(image); got != want {
			t.Errorf("PinnedVersion(%q) = %q, expected %q", image, got, want)
		}
	}
}

func TestShortImage(t *testing.T) {
	for image, want := range map[string]string{
		"ghcr.io/x/gw:v1":            "…/gw:v1",
		"ghcr.io/x/gw:v1@" + digestA: "…/gw:v1@sha256:0123…",
		"gw:v1":                      "gw:v1",
	} {
		if got := release.ShortImage(image); got != want {
			t.Errorf("ShortImage(%q) = %q, expected %q", image, got, want)
		}
	}
}
