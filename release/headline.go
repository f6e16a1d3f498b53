package release

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// notDone is how long the headline says that a change was not made.
const notDone = 30 * time.Second

// Headline is the answer in one line: what is happening, whether it is all
// right, and what it waits for.
type Headline struct {
	Mark   Mark
	Loud   bool   // a person is needed, or nothing is live: a reversed bar
	Strong string // the answer: "Rolling update: 2 of 6 replaced, 5 available, nothing failing."
	Rest   string // what it waits for: "Waits for 3 pods to become ready; deadline in 4:39."
	Short  string // both, for 80 columns
}

// HeadlineOf says what is true now. What keeps the rest from being known comes
// first, then what a person must decide, then what the release does.
func HeadlineOf(plan Plan, s State, now time.Time) Headline {
	for _, say := range []func(Plan, State, time.Time) (Headline, bool){
		sayOffline, sayUnserved, sayHeld, saySent, sayUndone, sayCanary, sayReplaced, sayFailing, sayBlind, sayIdleTrouble, sayBeside,
	} {
		if h, ok := say(plan, s, now); ok {
			return h.short()
		}
	}
	return sayPhase(plan, s, now).short()
}

// short ends a headline: each sentence with one full stop, the next with a capital.
func (h Headline) short() Headline {
	gap := " "
	if strings.HasSuffix(h.Strong, ".") {
		h.Strong = sentence(h.Strong)
		h.Rest = sentence(h.Rest)
	} else {
		gap = " · "
	}
	switch {
	case h.Short != "":
		h.Short = sentence(h.Short)
	case h.Rest == "":
		h.Short = h.Strong
	default:
		h.Short = h.Strong + gap + h.Rest
	}
	return h
}

func sayOffline(plan Plan, s State, now time.Time) (Headline, bool) {
	w, link := s.View.Workload, s.View.Links[Kubernetes]
	switch {
	case w.At.IsZero() && link.Err == "":
		return Headline{Mark: MarkRunning, Strong: "Connecting to " + plan.Cluster + ".", Rest: "Nothing is known yet."}, true
	case w.At.IsZero():
		return Headline{Mark: MarkUnknown, Loud: true, Strong: "NOT LIVE  API server unreachable: " + link.Err, Rest: "nothing is known of " + plan.Deployment}, true
	case !Live(plan, s, now):
		since := link.Since
		if link.OK {
			since = w.At
		}
		strong := "NOT LIVE  API server unreachable for " + Age(now.Sub(since))
		if figures := blindness(plan, s, now); figures != "" {
			strong += ", " + figures
		}
		return Headline{Mark: MarkUnknown, Loud: true, Strong: strong, Rest: "the cluster goes on; slipway cannot undo now"}, true
	case !w.Found:
		return Headline{Mark: MarkFail, Loud: true, Strong: fmt.Sprintf("NOT FOUND  deployment/%s does not exist in %s", plan.Deployment, plan.Namespace)}, true
	case missingContainer(plan, w) != "" && (s.Phase.Over() || s.Phase == Planned):
		return Headline{Mark: MarkFail, Loud: true, Strong: "NO CONTAINER  " + missingContainer(plan, w), Rest: "deployment.container names the one that is released"}, true
	}
	return Headline{}, false
}

func sayHeld(plan Plan, s State, now time.Time) (Headline, bool) {
	switch {
	case s.Asking != nil && s.Asking.Trouble != Blindness:
		if s.Underway() {
			return Headline{Mark: MarkFail, Loud: true, Strong: "ABORT?  " + s.Asking.Reason, Rest: "u or b takes the canary back; nothing happens by itself"}, true
		}
		return Headline{Mark: MarkFail, Loud: true, Strong: "UNDO?  " + s.Asking.Reason, Rest: "u undoes; nothing happens by itself"}, true
	case s.Held == nil:
		return Headline{}, false
	case s.Held.Kind == HeldByHand:
		return Headline{Mark: MarkAttention, Loud: true, Strong: "HELD by " + s.Held.By.Name, Rest: "nothing by itself until h releases it; " + servingWords(plan, s)}, true
	case s.Held.Kind == HeldOnReturn:
		return Headline{Mark: MarkAttention, Loud: true, Strong: "UNFINISHED  " + s.Held.Reason, Rest: "now: " + servingWords(plan, s)}, true
	default:
		rest := "a person decides"
		switch c := continueChoice(plan, s, now); {
		case c.OK():
			rest = "h: " + c.Preview.Line
		case len(c.Refusal().Instead) > 0:
			rest = keyWords(c.Refusal().Instead)
		}
		return Headline{Mark: MarkAttention, Loud: true, Strong: "HELD  " + s.Held.Reason, Rest: rest}, true
	}
}

func saySent(plan Plan, s State, now time.Time) (Headline, bool) {
	p := s.Pending
	if p == nil {
		return Headline{}, false
	}
	what := p.Change.Describe()
	if p.Unknown {
		return Headline{Mark: MarkUnknown, Loud: true, Strong: "UNKNOWN  " + what + ": no answer; looking at the cluster", Rest: "asked " + Age(now.Sub(p.Since)) + " ago, not asked twice"}, true
	}
	return Headline{Mark: MarkRunning, Strong: strings.ToUpper(what[:1]) + what[1:] + ": sent, waits for the API server."}, true
}

// sayReplaced says of an unfinished release that something else runs, where nobody leads
// it who would hold it for that.
func sayReplaced(plan Plan, s State, _ time.Time) (Headline, bool) {
	w, under := s.View.Workload, s.Rollout
	switch {
	case s.Phase != Deploying && s.Phase != Verifying && s.Phase != RollingBack, s.Underway():
		return Headline{}, false
	case under.Goal.Template == "", w.Template.Hash == under.Goal.Template, w.Generation < under.Generation:
		return Headline{}, false
	}
	return Headline{Mark: MarkAttention, Loud: true, Strong: "REPLACED  " + replacedWords(plan, w, under.Goal), Rest: "the release is unfinished; now: " + servingWords(plan, s)}, true
}

// sayFailing is loud while something fails during a release.
func sayFailing(plan Plan, s State, now time.Time) (Headline, bool) {
	w := s.View.Workload
	if s.Phase != Deploying && s.Phase != Verifying && s.Phase != RollingBack {
		return Headline{}, false
	}
	serve := fmt.Sprintf("%d of %d serve%s", w.Available, w.Desired, deadlineLeft(w, now))
	if w.Paused {
		serve += ", paused: no deadline runs"
	}
	failures := w.Failures()
	if s.Phase != Verifying {
		// What fails in the version being left is why it is left, not news.
		failures = w.FailuresOf(s.Rollout.Goal.seenAs())
	}
	if failures != "" {
		title := map[Phase]string{Deploying: "ROLLOUT STALLS", Verifying: "PODS FAIL", RollingBack: "ROLLING BACK"}[s.Phase]
		return Headline{Mark: MarkFail, Loud: true, Strong: title + "  " + failures, Rest: serve}, true
	}
	if j, budget := figureFailing(plan, s, now); j.Verdict == Fail && s.Phase != RollingBack {
		return Headline{
			Mark: MarkFail, Loud: true,
			Strong: fmt.Sprintf("%s FAILING  %s", strings.ToUpper(j.Spec.Title), j.Why),
			Rest:   fmt.Sprintf("%s; %s", budget, serve),
		}, true
	}
	if s.Overdue() {
		title := map[Phase]string{Deploying: "DEADLINE EXCEEDED", RollingBack: "THE WAY BACK IS STUCK"}[s.Phase]
		return Headline{Mark: MarkFail, Loud: true, Strong: title + "  no progress for " + Span(w.Deadline), Rest: serve}, true
	}
	return Headline{}, false
}

// figureFailing is the metric that uses the failure budget up, and how far that is. Where
// another process counts and has not written it down, it is the one that fails now.
func figureFailing(plan Plan, s State, now time.Time) (j Judgement, budget string) {
	if used, spec := Budget(plan, s.View); used > 0 {
		return Judge(plan, s.View, spec, now), fmt.Sprintf("budget %d/%d used", used, plan.Rollback.After)
	}
	if !s.View.Elsewhere || s.Judging != nil {
		return Judgement{}, ""
	}
	for _, j := range Judgements(plan, s.View, now) {
		before, excused := s.Rollout.Excused[j.Spec.Name]
		if j.Spec.Rollback && j.Verdict == Fail && (!excused || j.Value > 2*before) {
			return j, "budget not known here"
		}
	}
	return Judgement{}, ""
}

// blindness says why the figures decide nothing now, or "": Prometheus does not
// answer, or answers with what is old.
func blindness(plan Plan, s State, now time.Time) string {
	if prom := s.View.Links[Prometheus]; !prom.OK && prom.Err != "" {
		return "Prometheus unreachable for " + Age(now.Sub(prom.Since))
	}
	newest := time.Time{}
	for _, sample := range s.View.Samples {
		if sample.At.After(newest) {
			newest = sample.At
		}
	}
	if age := now.Sub(newest); !newest.IsZero() && age > plan.Stale.Metric {
		return "Prometheus stale " + Age(age)
	}
	return ""
}

func deadlineLeft(w Workload, now time.Time) string {
	ends, ok := w.ProgressEnds()
	if !ok {
		return ""
	}
	return ", deadline " + Left(ends.Sub(now))
}

func sayPhase(plan Plan, s State, now time.Time) Headline {
	w := s.View.Workload
	stale := blindness(plan, s, now)
	if stale != "" {
		stale = " " + sentence(stale+": no figure decides")
	}
	if n := len(s.Rollout.Excused); n > 0 && (s.Phase == Deploying || s.Phase == Verifying) {
		stale += fmt.Sprintf(" %s out of bounds since before.", Count(n, "figure"))
	}
	switch s.Phase {
	case Planned:
		h := Headline{Mark: MarkWaiting, Strong: "Ready to deploy: every gate passed or waived.", Rest: servingWords(plan, s) + "." + stale}
		if why := preventing(plan, s, now, Deploy{}); why.Kind == RefusedWindow {
			h.Strong, h.Rest = sentence(why.Text), "The gates are open. Undo works at any time."+stale
		} else if !why.None() {
			h.Strong, h.Rest = servingWords(plan, s)+".", sentence("Deploy waits: "+why.String())+stale
			if !why.Wait && why.Kind != RefusedGate {
				h.Mark = MarkAttention
			}
		}
		return h
	case Deploying, RollingBack:
		return sayRolling(s, w, now, stale)
	case Verifying:
		return sayVerifying(plan, s, now, stale)
	case Released:
		h := Headline{Mark: MarkPass, Strong: fmt.Sprintf("Released: %s.", servingWords(plan, s)), Rest: fmt.Sprintf("Took %s. u undoes.", Span(s.Ended.Sub(s.Began))) + stale}
		if w.Template.Hash != s.To.Template {
			h.Mark, h.Strong = MarkAttention, fmt.Sprintf("%s was released, and changed since by someone else: %s.", s.To.Version, servingWords(plan, s))
		}
		return h
	case RolledBack:
		return Headline{Mark: MarkAttention, Strong: fmt.Sprintf("Rolled back: %s.", servingWords(plan, s)), Rest: sentence(s.because("undone by hand")) + stale}
	case Abandoned:
		return Headline{Mark: MarkAttention, Strong: fmt.Sprintf("Abandoned: %s.", servingWords(plan, s)), Rest: cmp.Or(s.Auto, "The cluster was left as it is.") + stale}
	}
	return Headline{Mark: MarkPass, Strong: servingWords(plan, s) + ".", Rest: sentence(cmp.Or(s.View.Driver.String(), "no release under way")) + stale}
}

// sayBlind asks what to do without figures. What fails is said before it: a
// deadline that passes is still answered as configured.
func sayBlind(_ Plan, s State, _ time.Time) (Headline, bool) {
	if s.Asking == nil || s.Asking.Trouble != Blindness {
		return Headline{}, false
	}
	return Headline{Mark: MarkAttention, Loud: true, Strong: "NO FIGURES  " + s.Asking.Reason, Rest: "n goes on without them, u undoes"}, true
}

// sayUndone is loud about a person's change that was not made, for notDone, or
// until they ask for the next one.
func sayUndone(_ Plan, s State, now time.Time) (Headline, bool) {
	last := s.Last
	if last == nil || last.By == Itself || s.Underway() && s.Phase == RollingBack || last.Kind == Accepted || last.Kind == Skipped || now.Sub(last.At) > notDone {
		return Headline{}, false
	}
	return Headline{Mark: MarkFail, Loud: true, Strong: fmt.Sprintf("NOT DONE  %s: %s", last.What, last.Text), Rest: "nothing was changed"}, true
}

// sayIdleTrouble is loud when nothing serves although no release is under way,
// and says what is not as it should be.
func sayIdleTrouble(plan Plan, s State, _ time.Time) (Headline, bool) {
	w := s.View.Workload
	if !s.Phase.Over() && s.Phase != Planned {
		return Headline{}, false
	}
	under := cmp.Or(s.View.Driver.String(), map[Phase]string{
		Planned: s.To.Version + " is planned", Idle: "no release under way", Released: s.To.Version + " was released", RolledBack: "rolled back", Abandoned: "abandoned",
	}[s.Phase])
	switch failures := w.Failures(); {
	case w.Desired == 0:
		return Headline{Mark: MarkAttention, Strong: "Scaled to 0: nothing serves, and nothing should.", Rest: under + "."}, true
	case w.Available == 0:
		return Headline{Mark: MarkFail, Loud: true, Strong: "NOTHING SERVES  " + cmp.Or(failures, servingWords(plan, s)), Rest: under}, true
	case w.Available < w.Floor():
		return Headline{Mark: MarkFail, Loud: true, Strong: "TOO FEW SERVE  " + cmp.Or(failures, servingWords(plan, s)), Rest: fmt.Sprintf("%d of %d serve, floor %d; %s", w.Available, w.Desired, w.Floor(), under)}, true
	case s.Phase == Planned:
		return Headline{}, false
	case failures != "":
		return Headline{Mark: MarkAttention, Strong: fmt.Sprintf("%s; %s.", servingWords(plan, s), failures), Rest: under + "."}, true
	case w.Paused:
		return Headline{Mark: MarkAttention, Strong: servingWords(plan, s) + ", paused: nothing rolls out until p resumes it.", Rest: under + "."}, true
	case w.rolling():
		return Headline{Mark: MarkAttention, Strong: servingWords(plan, s) + ".", Rest: cmp.Or(s.View.Driver.String(), "A rollout that was not begun here is under way") + "."}, true
	case w.Convergence() != Complete:
		return Headline{Mark: MarkAttention, Strong: servingWords(plan, s) + ".", Rest: under + "."}, true
	}
	return Headline{}, false
}

func sayRolling(s State, w Workload, now time.Time, stale string) Headline {
	name := "Rolling update"
	if s.Phase == RollingBack {
		name = "Rolling back to " + s.Rollout.Goal.Version
	}
	h := Headline{Mark: MarkRunning}
	stalls, fails := w.StallingOf(s.Rollout.Goal.seenAs(), now), "nothing failing"
	switch {
	case w.Failures() != "":
		fails = "only what is left fails"
	case stalls != "":
		fails = "waiting"
	}
	h.Strong = fmt.Sprintf("%s: %d of %d replaced, %d available, %s.", name, w.Replaced(), w.Desired, w.Available, fails)
	h.Short = fmt.Sprintf("%d of %d replaced, %d available, %s.", w.Replaced(), w.Desired, w.Available, fails)
	if s.Phase == RollingBack {
		h.Short = fmt.Sprintf("Rolling back: %d of %d replaced, %d available.", w.Replaced(), w.Desired, w.Available)
	}
	switch w.Convergence() {
	case Paused:
		h.Mark, h.Rest = MarkAttention, "Paused: nothing moves until p resumes it."
		h.Short = fmt.Sprintf("Paused at %d of %d replaced, %d available. p resumes.", w.Replaced(), w.Desired, w.Available)
		return h
	case Unobserved:
		h.Rest = fmt.Sprintf("Waits for the controller to see generation %d.", w.Generation)
	default:
		h.Rest = WaitsFor(w)
		if stalls != "" {
			h.Mark, h.Rest = MarkAttention, sentence(stalls)
			if s.Phase == Deploying {
				h.Short = fmt.Sprintf("%d of %d replaced; %s.", w.Replaced(), w.Desired, stalls)
			}
		}
	}
	if left := deadlineLeft(w, now); left != "" {
		h.Rest = strings.TrimSuffix(h.Rest, ".") + "; deadline in " + strings.TrimPrefix(left, ", deadline ") + "."
		h.Short += " Deadline in " + strings.TrimPrefix(left, ", deadline ") + "."
	}
	h.Rest += stale
	return h
}

// WaitsFor says what a rolling update waits for now.
func WaitsFor(w Workload) string {
	tally := w.Tally(0)
	switch {
	case tally[PodStarting] > 0:
		return fmt.Sprintf("Waits for %s to become ready.", Count(tally[PodStarting], "pod"))
	case tally[PodPending] > 0:
		return fmt.Sprintf("Waits for %s to be scheduled.", Count(tally[PodPending], "pod"))
	case tally[PodDraining] > 0:
		return fmt.Sprintf("Waits for %s to drain.", Count(tally[PodDraining], "pod"))
	}
	return "Waits for the controller."
}

func sayVerifying(plan Plan, s State, now time.Time, stale string) Headline {
	h := Headline{Mark: MarkRunning, Strong: fmt.Sprintf("Verifying %s: %d of %d serve, nothing failing.", s.To.Version, s.View.Workload.Available, s.View.Workload.Desired)}
	var failed, hands, checks []string
	for i, spec := range plan.Items {
		if i >= len(s.Items) || s.Items[i].Settled() {
			continue
		}
		switch {
		case s.Items[i].Status == Failed:
			failed = append(failed, spec.Title)
		case settles(plan, s, spec, s.Items[i], now) == ByWaiver:
			hands = append(hands, spec.Title+" (w waives it)")
		case spec.Class() == Check:
			checks = append(checks, spec.Title)
		default:
			hands = append(hands, spec.Title)
		}
	}
	switch {
	case len(failed) > 0:
		h.Mark, h.Strong = MarkFail, fmt.Sprintf("Verifying %s: %s. Failing: %s.", s.To.Version, servingWords(plan, s), some(failed))
	case len(checks) > 0:
		h.Rest = "Waits for " + some(checks) + "."
	case len(hands) > 0:
		h.Mark, h.Rest = MarkAttention, "Waits for a person: "+some(hands)+"."
	}
	h.Rest += stale
	return h
}

// some lists two names and counts the rest.
func some(names []string) string {
	if len(names) <= 2 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, %s and %d more", names[0], names[1], len(names)-2)
}

// servingWords says what serves: "v2.4.0 serves on 6 of 6 pods".
func servingWords(plan Plan, s State) string {
	w := s.View.Workload
	if !w.Found {
		return "nothing serves"
	}
	if w.Convergence() == Complete {
		return fmt.Sprintf("%s serves on %d of %d pods", cmp.Or(w.Version(plan.Container), "?"), w.Available, w.Desired)
	}
	return fmt.Sprintf("%d of %d pods serve, %d on %s", w.Available, w.Desired, w.Replaced(), cmp.Or(w.Version(plan.Container), "?"))
}
