package kube

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What was watched before this client's own change is not new, whatever else came since.
func TestOwnChangeIsWaitedFor(t *testing.T) {
	at := func(version string) *appsv1.Deployment {
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{ResourceVersion: version}}
	}
	now := time.Now()
	before, after := beat{asked: now.Add(-time.Second)}, beat{asked: now.Add(time.Second)}
	for _, test := range []struct {
		name    string
		written written
		watched *appsv1.Deployment
		proof   beat
		since   bool
	}{
		{"nothing was changed", written{}, at("5"), before, true},
		{"the watch is behind", written{now, "9"}, at("8"), before, false},
		{"the watch has it", written{now, "9"}, at("9"), before, true},
		{"the watch has more", written{now, "9"}, at("10"), before, true},
		{"asked since", written{now, "9"}, at("8"), after, true},
		{"deleted, and still watched", written{now, ""}, at("99"), before, false},
		{"deleted, and asked since", written{now, ""}, nil, after, true},
	} {
		if since := test.written.since(test.watched, test.proof); since != test.since {
			t.Errorf("%s: %v", test.name, since)
		}
	}
}
