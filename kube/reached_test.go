package kube

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"datahub.io/slipway/release"
)

// A canary of a manifest that no Service of stable's selects would wait for traffic
// for ever: it is refused before anything is created, and told by check.
func TestReached(t *testing.T) {
	app := map[string]string{"app": "gateway"}
	own := map[string]string{"app": "gateway", "track": "stable"}
	path := filepath.Join(t.TempDir(), "canary.yaml")
	if err := os.WriteFile(path, []byte(manifestText), 0o600); err != nil {
		t.Fatal(err)
	}
	const missed = "the canary would get no traffic: service gateway (app=gateway,track=stable) selects stable's pods and not the canary's"
	for _, test := range []struct {
		name     string
		services []runtime.Object
		list     error // what listing them ends in
		refused  string
	}{
		{"one selects both", []runtime.Object{serviceWith("gateway", app)}, nil, ""},
		{"one of two selects both", []runtime.Object{serviceWith("gateway", app), serviceWith("only-stable", own)}, nil, ""},
		{"one selects stable only", []runtime.Object{serviceWith("gateway", own), serviceWith("other", map[string]string{"app": "other"})}, nil, missed},
		{"no Service is stable's", []runtime.Object{serviceWith("headless", nil)}, nil, ""},
		{"they may not be listed", []runtime.Object{serviceWith("gateway", own)}, forbidden, ""},
		{"no answer", []runtime.Object{serviceWith("gateway", app)}, apierrors.NewInternalError(errors.New("etcd is away")), "etcd is away"},
	} {
		t.Run(test.name, func(t *testing.T) {
			canary := podsCanary
			canary.Manifest = path
			p := pretended(t, canary, append(test.services, stableWith(own, own)))
			if test.list != nil {
				p.answers("list", "services", test.list)
			}
			row := p.client.checkPodSplit(t.Context())
			if row.OK != (test.refused == "") || !strings.Contains(row.Found, test.refused) {
				t.Errorf("%+v", row)
			}
			kind := release.Accepted
			if test.refused != "" {
				kind = release.Denied
			}
			expect(t, p.client.Apply(t.Context(), ordered(applyOf(1))), kind, test.refused)
		})
	}
}
