package release

import (
	"strings"
	"testing"
	"time"
)

// A record belongs to one cluster, namespace and Deployment, by the cluster's
// identity and not by the name of a context.
func TestForeign(t *testing.T) {
	plan := Plan{ClusterID: ClusterID{UID: "u1", Server: "s1"}, Cluster: "production", Namespace: "n", Deployment: "d"}
	offline := plan
	offline.ClusterID.UID = ""
	of := func(id ClusterID, cluster, namespace, deployment string) Record {
		return Record{ClusterID: id, Cluster: cluster, Namespace: namespace, Deployment: deployment}
	}
	for name, c := range map[string]struct {
		plan   Plan
		record Record
		want   string // a part of it; empty: it is the plan's own
	}{
		"the same":                               {plan, of(ClusterID{"u1", "s1"}, "production", "n", "d"), ""},
		"by another context, another address":    {plan, of(ClusterID{"u1", "s2"}, "prod-vpn", "n", "d"), ""},
		"another cluster of that name":           {plan, of(ClusterID{"u2", "s2"}, "production", "n", "d"), "another cluster than context production"},
		"another cluster behind that address":    {plan, of(ClusterID{"u2", "s1"}, "production", "n", "d"), "another cluster"},
		"another cluster":                        {plan, of(ClusterID{"u2", "s2"}, "staging", "n", "d"), "cluster staging"},
		"known by its address only":              {plan, of(ClusterID{"", "s1"}, "other", "n", "d"), ""},
		"another address only":                   {plan, of(ClusterID{"", "s2"}, "production", "n", "d"), "another cluster"},
		"offline, the same address":              {offline, of(ClusterID{"u1", "s1"}, "production", "n", "d"), ""},
		"offline, another address":               {offline, of(ClusterID{"u1", "s2"}, "production", "n", "d"), "another cluster"},
		"without an identity":                    {plan, of(ClusterID{}, "production", "n", "d"), ""},
		"without an identity, another context":   {plan, of(ClusterID{}, "staging", "n", "d"), "cluster staging"},
		"without an identity, without a context": {plan, of(ClusterID{}, "", "n", "d"), "cluster (none)"},
		"another namespace":                      {plan, of(ClusterID{"u1", "s1"}, "production", "m", "d"), "namespace m"},
		"another Deployment":                     {plan, of(ClusterID{"u1", "s1"}, "production", "n", "e"), "deployment/e"},
	} {
		if got := c.plan.Foreign(c.record); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The image follows from configuration and version, whatever a record says.
func TestDisagrees(t *testing.T) {
	plan := Plan{Image: "registry/gateway"}
	record := func(phase Phase, version, image string) Record {
		return Record{Phase: phase, To: Target{Version: version, Image: image}}
	}
	for name, c := range map[string]struct {
		record Record
		want   string
	}{
		"as configured":            {record(Planned, "v2", "registry/gateway:v2"), ""},
		"another repository":       {record(Planned, "v2", "evil/gateway:v2"), `"evil/gateway:v2" as "v2"; the configuration says registry/gateway`},
		"another one, deploying":   {record(Deploying, "v2", "evil/gateway:v2"), "evil"},
		"another one, verifying":   {record(Verifying, "v2", "evil/gateway:v2"), "evil"},
		"another tag":              {record(Planned, "v2", "registry/gateway:v3"), "v3"},
		"a digest of its own":      {record(Planned, "v2", "registry/gateway:v2@sha256:00"), "sha256"},
		"pinned":                   {record(Planned, Version("registry/gateway:v2@sha256:"+strings.Repeat("0", 64)), "registry/gateway:v2@sha256:"+strings.Repeat("0", 64)), ""},
		"stored by its digest":     {record(Deploying, "v2", "registry/gateway@sha256:00"), ""},
		"stored by another's":      {record(Deploying, "v2", "registry/worker@sha256:00"), "worker"},
		"planned by a digest":      {record(Planned, "v2", "registry/gateway@sha256:00"), "sha256"},
		"no image":                 {record(Planned, "v2", ""), `""`},
		"a version that is no tag": {record(Planned, "v2 --x", "registry/gateway:v2 --x"), "the configuration says registry/gateway"},
		"on its way back":          {record(RollingBack, "v2", "evil/gateway:v2"), ""},
		"over":                     {record(Released, "v2", "evil/gateway:v2"), ""},
	} {
		if got := plan.Disagrees(c.record); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A release of what runs already has the image that runs, a mirror's too. It sets
// none; and whatever a record says, what is set is of the configured repository.
func TestImageIsOfTheConfiguration(t *testing.T) {
	plan := Plan{Image: "ghcr.io/x/gateway"}
	to := Target{Version: "v2", Image: "mirror.local/ghcr.io/x/gateway:v2", Template: "a"}
	if why := plan.Disagrees(Record{Phase: Planned, From: to, To: to}); why != "" {
		t.Errorf("unchanged: %s", why)
	}
	if why := plan.Disagrees(Record{Phase: Planned, To: to}); why == "" {
		t.Error("a record that sets a mirror's image is accepted")
	}
	for image, want := range map[string]string{
		to.Image:                          "ghcr.io/x/gateway:v2",
		"evil.io/x/gateway:v2":            "ghcr.io/x/gateway:v2",
		"ghcr.io/x/gateway:v2":            "ghcr.io/x/gateway:v2",
		"ghcr.io/x/gateway@sha256:00":     "ghcr.io/x/gateway@sha256:00",
		"mirror.local/gateway@sha256:000": "ghcr.io/x/gateway:v2",
	} {
		if got := plan.imageOf(Target{Version: "v2", Image: image}); got != want {
			t.Errorf("%s: sets %s, want %s", image, got, want)
		}
	}
}

// A record gets the identity of its cluster as far as it is known, and keeps it.
func TestRecordsGetAnIdentity(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	plan := Plan{
		Image: "r/g", Cluster: "c", Namespace: "n", Deployment: "d", Container: "app", Stale: Staleness{Workload: time.Minute},
		ClusterID: ClusterID{UID: "remembered", Server: "s1"}, Items: []ItemSpec{{ID: "i", Stage: Pre, Type: ItemManual}, {ID: "deploy", Stage: During, Type: ItemDeploy}},
	}
	w := Workload{
		At: now, Found: true, Generation: 1, Observed: 1, UID: "1",
		Containers: []Container{{Name: "app", Image: "r/g:v1"}}, Template: Template{Hash: "v1"},
	}
	step := func(s State, events ...Event) State {
		for _, e := range events {
			s, _ = Step(plan, s, now, e)
		}
		return s
	}
	begin := Intended{Intent: Begin{Version: "v2"}, By: Actor{Name: "a"}, ID: "r1"}
	if s := step(State{}, Observed{w}, begin); s.Phase != Planned || s.ClusterID != (ClusterID{Server: "s1"}) {
		t.Errorf("what is only remembered is written down: %+v", s.ClusterID)
	}
	s := step(State{}, Identified{UID: "u1"}, Observed{w}, begin)
	if s.ClusterID != (ClusterID{UID: "u1", Server: "s1"}) {
		t.Errorf("%+v", s.ClusterID)
	}
	// One of an earlier slipway gets it with the next change, and no other later.
	s.ClusterID = ClusterID{}
	s = step(s, Intended{Intent: Tick{Item: "i"}, By: Actor{Name: "a"}, ID: "w1"})
	if s.ClusterID != (ClusterID{UID: "u1", Server: "s1"}) {
		t.Errorf("adopted: %+v", s.ClusterID)
	}
	s = step(s, Identified{UID: "u2"}, Intended{Intent: Abandon{}, By: Actor{Name: "a"}, ID: "w2"})
	if s.Phase != Abandoned || s.ClusterID.UID != "u1" {
		t.Errorf("%s, %+v", s.Phase, s.ClusterID)
	}
}
