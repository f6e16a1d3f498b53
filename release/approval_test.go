package release_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

func TestApproved(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	of := release.Binding{Version: "v2.5.0", Digest: "sha256:aa", Config: "cc"}
	rule := release.ApprovalRule{Count: 2, Groups: []string{"managers"}, Expires: 4 * time.Hour}
	asked := release.Asked{Of: of, Not: []string{"eng-a"}, Now: now}
	said := func(by string, ago time.Duration, change func(*release.Approval)) release.Approval {
		a := release.Approval{By: by, Groups: []string{"all", "managers"}, At: now.Add(-ago), Answer: release.Approves, Of: of}
		if change != nil {
			change(&a)
		}
		return a
	}
	no := func(a *release.Approval) { a.Answer, a.Reason = release.Rejects, "not today" }
	for _, c := range []struct {
		what     string
		said     []release.Approval
		good     string
		rejected string
		void     string
	}{
		{"nobody", nil, "", "", ""},
		{"two", []release.Approval{said("eng-c", time.Minute, nil), said("eng-b", time.Hour, nil)}, "eng-b eng-c", "", ""},
		{"one, twice", []release.Approval{said("eng-b", time.Minute, nil), said("eng-b", time.Hour, nil)}, "eng-b", "", ""},
		{"the author", []release.Approval{said("eng-a", time.Minute, nil)}, "", "", "eng-a: is the author"},
		{"expired", []release.Approval{said("eng-b", 4*time.Hour, nil)}, "", "", "eng-b: expired"},
		{"a clock a minute ahead", []release.Approval{said("eng-b", -time.Minute, nil)}, "eng-b", "", ""},
		{"the future", []release.Approval{said("eng-b", -time.Hour, nil)}, "", "", "eng-b: it is dated in the future"},
		{"no manager", []release.Approval{said("eng-b", 0, func(a *release.Approval) { a.Groups = nil })}, "", "", "eng-b: is in none of the groups managers"},
		{"another version", []release.Approval{said("eng-b", 0, func(a *release.Approval) { a.Of.Version, a.Of.Digest = "v2.4.0", "" })}, "", "", "eng-b: it is about v2.4.0"},
		{"another digest", []release.Approval{said("eng-b", 0, func(a *release.Approval) { a.Of.Digest = "sha256:bb" })}, "", "", "eng-b: void, changed since: image digest"},
		{"a migration since", []release.Approval{said("eng-b", 0, func(a *release.Approval) { a.Of.Migration, a.Of.Config = "mm", "dd" })}, "", "", "eng-b: void, changed since: configuration, migration"},
		{"a rejection", []release.Approval{said("eng-b", time.Hour, nil), said("eng-c", time.Minute, no)}, "eng-b", "eng-c", ""},
		{"a rejection of something else", []release.Approval{said("eng-c", time.Minute, func(a *release.Approval) { no(a); a.Of.Digest = "" })}, "", "", "eng-c: void, changed since: image digest"},
		{"a change of mind", []release.Approval{said("eng-b", time.Hour, no), said("eng-b", time.Minute, nil)}, "eng-b", "", ""},
		{"and back", []release.Approval{said("eng-b", time.Hour, nil), said("eng-b", time.Minute, no)}, "", "eng-b", ""},
	} {
		good, rejected, void := rule.Approved(asked, c.said)
		var names []string
		for _, a := range good {
			names = append(names, a.By)
		}
		by := ""
		if rejected != nil {
			by = rejected.By
		}
		if strings.Join(names, " ") != c.good || by != c.rejected || strings.Join(void, "; ") != c.void {
			t.Errorf("%s: good %v, rejected by %q, void %q", c.what, names, by, void)
		}
	}
	anybody := release.ApprovalRule{Count: 1, Expires: time.Hour}
	if good, _, _ := anybody.Approved(asked, []release.Approval{said("eng-b", 0, func(a *release.Approval) { a.Groups = nil })}); len(good) != 1 {
		t.Error("without groups anybody's approval counts")
	}
}

// What the configuration asks for is what an approval is bound to.
func TestBinding(t *testing.T) {
	p := testPlan()
	to := p.Image + ":v2.5.0@sha256:aa"
	was := p.Binds(to)
	if was.Version != "v2.5.0" || was.Digest != "sha256:aa" || was != p.Binds(to) {
		t.Errorf("%+v", was)
	}
	p.Kubeconfig, p.Cluster = "elsewhere", "by another name"
	if p.Binds(to) != was {
		t.Error("how the cluster is reached changes it")
	}
	p.Items = slices.Clone(p.Items)[1:]
	if now := p.Binds(to); now.Config == was.Config || now.Version != was.Version {
		t.Errorf("an item less: %+v", now)
	}
}

// What the answers mean for the item, in the words that it shows.
func TestJudgeApprovals(t *testing.T) {
	plan, now := testPlan(), time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	spec := release.ItemSpec{ID: "approved", Type: release.ItemApproval, Settings: release.ApprovalCheck{Count: 2}}
	plan.Items = append(slices.Clone(plan.Items), spec)
	record := release.Record{By: release.Actor{Name: "eng-a"}, To: release.Target{Version: "v2.5.0", Image: plan.Image + ":v2.5.0"}}
	yes := func(by string) release.Approval {
		return release.Approval{By: by, At: now.Add(-time.Minute), Answer: release.Approves, Of: plan.Binds(record.To.Image)}
	}
	no := yes("eng-d")
	no.Answer, no.Reason = release.Rejects, "the error budget is gone"
	for _, c := range []struct {
		what    string
		said    []release.Approval
		policy  release.Enforcement
		verdict release.Verdict
		early   bool
		short   string
		detail  string
	}{
		{"nobody", nil, release.Enforced, release.NoData, true, "0 of 2", "0 of 2 given; policy enforced"},
		{"one and the author", []release.Approval{yes("eng-a"), yes("eng-b")}, release.NotEnforced, release.NoData, true, "1 of 2", "1 of 2 given; eng-b at 11:59; not counted: eng-a: is the author; policy not enforced"},
		{"two", []release.Approval{yes("eng-b"), yes("eng-c")}, release.Enforced, release.Pass, false, "eng-b, eng-c", "eng-b at 11:59, eng-c at 11:59; policy enforced"},
		{"two without a policy", []release.Approval{yes("eng-b"), yes("eng-c")}, release.Unseen, release.Pass, false, "eng-b, eng-c, not enforced", "eng-b at 11:59, eng-c at 11:59; policy cannot be verified"},
		{"two and a rejection", []release.Approval{yes("eng-b"), yes("eng-c"), no}, release.Enforced, release.Fail, false, "rejected", "rejected by eng-d: the error budget is gone"},
	} {
		got := release.JudgeApprovals(plan, record, spec, now, c.said, c.policy)
		if got.Verdict != c.verdict || got.Early != c.early || got.Short != c.short || got.Detail != c.detail {
			t.Errorf("%s: %+v", c.what, got)
		}
		if (got.Facts[release.FactApprovedBy] != "") != (c.verdict == release.Pass) {
			t.Errorf("%s: facts %v", c.what, got.Facts)
		}
	}
}
