package release_test

import (
	"testing"

	"datahub.io/slipway/release"
)

func TestVersion(t *testing.T) {
	for image, want := range map[string]string{
		"repo/app:v2.4.0":                       "v2.4.0",
		"app:v1":                                "v1",
		"localhost:5000/app":                    "",
		"localhost:5000/app:v1":                 "v1",
		"app":                                   "",
		"":                                      "",
		"app@sha256:0123456789abcdef0123456789": "0123456789ab",
		"app@sha256:0123":                       "0123",
		"app@":                                  "",
		"app:v1@sha256:0123456789abcdef0123456789":             "v1",
		"localhost:5000/app@sha256:0123456789abcdef0123456789": "0123456789ab",
	} {
		if got := release.Version(image); got != want {
			t.Errorf("Version(%q) = %q, expected %q", image, got, want)
		}
	}
}
