package release_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// shellWords is what a POSIX shell makes of a line of kubectl commands: the arguments of
// each, as kubectl would get them.
func shellWords(t *testing.T, line string) [][]string {
	t.Helper()
	script := ""
	for _, program := range []string{"kubectl", "sleep"} {
		script += program + `() { printf '%s\0' ` + program + ` "$@"; printf '\n\0'; }` + "\n"
	}
	script += line
	out, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
	if err != nil {
		t.Fatalf("sh: %v: %s", err, line)
	}
	var commands [][]string
	var words []string
	for word := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if word == "\n" {
			commands, words = append(commands, words), nil
			continue
		}
		words = append(words, word)
	}
	return commands
}

func sameWords(a []release.Command, b [][]string) bool {
	return slices.EqualFunc(a, b, func(x release.Command, y []string) bool { return slices.Equal(x, y) })
}

// What is copied is what kubectl gets, whatever the names are made of.
func TestCommandsAreQuotedForAShell(t *testing.T) {
	names := []string{
		"prod-eu", "", "x'; touch /tmp/gotcha; echo '", "$(reboot)", "`reboot`", "a b", `a"b`, `a\b`, "*", "~root", "=ls",
		"-n", "a&&b", "a|b;c", "#no", "!!", "{a,b}", "arn:aws:eks:eu-west-1:123456789012:cluster/prod", "k@c", "münchen",
	}
	for _, name := range names {
		plan := testPlan()
		plan.Cluster, plan.Namespace, plan.Kubeconfig = name, name, name
		for _, c := range deployed(plan) {
			if same := c.Preview.SameAs; !same.None() && !sameWords(same.List, shellWords(t, same.String())) {
				t.Errorf("%s of %q: %s", c.Kind, name, same)
			}
		}
	}
}

// deployed is what can be done when v2.5.0 is there, v2.4.0 before it.
func deployed(plan release.Plan) []release.Choice {
	w := newWorld()
	w.plan = plan
	look := w.look()
	look.Revisions = []release.Revision{
		{Number: 15, Version: "v2.5.0", Current: true, Template: release.Template{Hash: "b"}},
		{Number: 14, Version: "v2.4.0", Template: release.Template{Hash: "a"}},
	}
	look.Found, look.Template.Hash = true, "b"
	w.state.View.Workload = look
	return release.Allowed(w.plan, w.state, w.now)
}

// A name that a terminal would obey, or not show as it is, is in no command.
func TestNoCommandObeysATerminal(t *testing.T) {
	for _, name := range []string{"x\nreboot\n", "x\x1b[201~reboot", "x\u202ecod", "x\xff", "x\u200b", "x\r"} {
		plan := testPlan()
		plan.Cluster = name
		for _, c := range deployed(plan) {
			if same := c.Preview.SameAs; !same.None() {
				t.Errorf("%q: %s: %s", name, c.Kind, same)
			} else if c.Kind == release.DoUndo && !strings.Contains(same.Why, "cannot be pasted") {
				t.Errorf("%q: %s: why %q", name, c.Kind, same.Why)
			}
		}
	}
}

// A pod's own account has no context, and a file that was named is named.
func TestCommandsReachTheSameCluster(t *testing.T) {
	plan := testPlan()
	plan.Cluster, plan.InCluster = "in-cluster", true
	undo := func() string {
		for _, c := range deployed(plan) {
			if c.Kind == release.DoUndo && c.Seen.Revision == 14 {
				return c.Preview.SameAs.String()
			}
		}
		return ""
	}
	if got, want := undo(), "kubectl -n datahub-production rollout undo deployment/datahub-gateway --to-revision=14"; got != want {
		t.Errorf("in a pod: %s", got)
	}
	plan.Cluster, plan.InCluster, plan.Kubeconfig = "prod-eu", false, "/etc/my kube"
	if got, want := undo(), "kubectl --kubeconfig '/etc/my kube' --context prod-eu -n datahub-production rollout undo deployment/datahub-gateway --to-revision=14"; got != want {
		t.Errorf("with a file: %s", got)
	}
}

// simulated is what kubectl commands make of a canary and its stable.
type simulated struct {
	weight, pods int
	found        bool
	template     string // of stable
	image        string // that stable was set to
	complete     bool   // stable has been waited for since it changed
	live         bool   // the last weights are what the data plane does
}

// run performs commands as the cluster would, and fails where traffic goes to what has
// no pods for it.
func (s *simulated) run(t *testing.T, st release.State, plan release.Plan, list []release.Command) {
	t.Helper()
	for _, c := range list {
		if c[0] == "sleep" {
			s.live = true
			continue
		}
		args := c[slices.Index(c, "-n")+2:]
		last := args[len(args)-1]
		number := func() int { n, _ := strconv.Atoi(last[strings.Index(last, "=")+1:]); return n }
		stable := len(args) > 2 && args[2] == "deployment/"+plan.Deployment
		switch {
		case args[0] == "set":
			s.image, s.template, s.complete = strings.SplitN(last, "=", 2)[1], "of the image", false
		case args[0] == "rollout" && args[1] == "undo":
			r, ok := st.View.Workload.Revision(int64(number()))
			if !ok {
				t.Errorf("no such revision: %v", c)
			}
			s.template, s.complete = r.Template.Hash, false
		case args[0] == "rollout" && args[1] == "status":
			s.complete = s.complete || stable
		case args[0] == "patch" && strings.HasPrefix(args[1], "deployment/"):
			var patch struct{ Spec struct{ Replicas int } }
			if err := json.Unmarshal([]byte(last), &patch); err != nil {
				t.Fatalf("%v: %v", err, c)
			}
			if s.pods = patch.Spec.Replicas; s.pods == 0 && !s.live {
				t.Errorf("the pods go while the traffic may still come: %v", list)
			}
		case args[0] == "delete":
			if s.found, s.pods = false, 0; !s.live {
				t.Errorf("the pods go while the traffic may still come: %v", list)
			}
		case args[0] == "patch":
			type weight struct {
				Op, Path string
				Value    int
			}
			var patch []weight
			if err := json.Unmarshal([]byte(last), &patch); err != nil || len(patch) != 3 || patch[1].Value+patch[2].Value != 100 {
				t.Fatalf("%v: %v", err, c)
			}
			if patch[0] != (weight{"test", "/weight", s.weight}) {
				t.Errorf("the weights are not tested: %v", c)
			}
			if !s.complete && patch[2].Value == 0 {
				t.Errorf("traffic to a stable that nobody waited for: %v", list)
			}
			s.weight, s.live = patch[2].Value, false
		case args[0] == "rollout" && args[1] == "resume":
		default:
			t.Errorf("what is this: %v", c)
		}
		if s.weight > 0 && s.pods == 0 {
			t.Errorf("%d%% of the traffic to no pods after %v of %v", s.weight, c, list)
		}
	}
}

// At any moment of a canary the commands that are shown for a choice do what the choice
// does, in its order.
func TestCommandsDoTheSame(t *testing.T) {
	shown := map[release.IntentKind]int{}
	lines := map[string][]release.Command{}
	m := newCanaryMachine(false, release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 2})
	for range 200 {
		m.smoothly(t)
		m.state.View.Split.Same = []release.PatchTest{{Path: "/weight", Value: strconv.Itoa(m.state.View.Split.Canary)}}
		for _, c := range release.Allowed(m.plan, m.state, m.now) {
			same := c.Preview.SameAs
			if !c.OK() || same.None() {
				continue
			}
			lines[same.String()] = same.List
			view, run := m.state.View, m.state.Canary
			s := &simulated{
				weight: view.Split.Canary, pods: view.Canary.Desired, found: view.Canary.Found,
				template: view.Workload.Template.Hash, complete: view.Workload.Convergence() == release.Complete, live: true,
			}
			if !m.state.Underway() {
				continue
			}
			switch c.Kind {
			case release.DoAbort:
				s.run(t, m.state, m.plan, same.List)
				if s.weight != 0 || s.pods != 0 || s.template != m.state.From.Template {
					t.Errorf("abort while %s ends with %+v: %s", run.Stage, *s, same)
				}
			case release.DoAdvance:
				s.run(t, m.state, m.plan, same.List)
				switch next := run.Step + 1; {
				case next < len(m.plan.Canary.Steps) && s.weight != m.plan.Canary.Steps[next]:
					t.Errorf("advance ends with %+v: %s", *s, same)
				case next >= len(m.plan.Canary.Steps) && (s.image != m.state.To.Image || s.weight != 0 || s.found):
					t.Errorf("promote ends with %+v: %s", *s, same)
				}
			default:
				continue
			}
			shown[c.Kind]++
		}
	}
	if shown[release.DoAbort] < 20 || shown[release.DoAdvance] < 2 {
		t.Errorf("hardly anything was shown: %v", shown)
	}
	for line, list := range lines {
		if !sameWords(list, shellWords(t, line)) {
			t.Errorf("a shell reads something else: %s", line)
		}
	}
}

// What cannot be known is not shown, and why not is said.
func TestNoCommandOnWhatIsNotKnown(t *testing.T) {
	m := newCanaryMachine(false, release.Rollback{OnDeadline: release.Ask, OnMetrics: release.Ask, After: 2})
	for i := 0; m.state.View.Split.Canary == 0 || m.state.Canary.Stage != release.Baking; i++ {
		if i > 200 {
			t.Fatal("the canary got no traffic")
		}
		m.smoothly(t)
	}
	for _, unknown := range []func(*release.State){
		func(s *release.State) { s.View.Split = release.Split{} },
		func(s *release.State) { s.View.Split.Err = "2 routes have both destinations" },
		func(s *release.State) { s.View.Split.Err, s.View.Split.Silent = "timeout", true },
		func(s *release.State) { s.View.Split.At = m.now.Add(-m.plan.Stale.Workload * 2) },
		func(s *release.State) { s.View.Canary = release.Workload{} },
	} {
		state := m.state
		unknown(&state)
		for _, c := range release.Allowed(m.plan, state, m.now) {
			if c.Kind != release.DoAbort && c.Kind != release.DoAdvance && c.Kind != release.DoPromote {
				continue
			}
			if same := c.Preview.SameAs; !same.None() || same.Why == "" {
				t.Errorf("%s: %q, why %q", c.Kind, same, same.Why)
			}
		}
	}
}
