package release

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// blocks lists what stands against an intent now; what is said of it comes first. It is
// the one place that decides what may be asked for: choices, the headline, the checklist,
// the commands' exit codes and what they wait for all read it.
//
// No gate, hold or missing metric stands against an undo or an abort (invariant 8).
func blocks(plan Plan, s State, now time.Time, intent Intent) []Refusal {
	switch i := intent.(type) {
	case Begin:
		return first(driven(s), unfinished(s), busy(s, now), tasked(s, now), comesBack(s), offline(plan, s, now),
			refusal(RefusedMissing, missingContainer(plan, s.View.Workload)), runsAlready(plan, s, i.Version), aroundVersion(plan, s, i.Version))
	case Deploy:
		if s.Phase != Planned {
			return first(driven(s), undeployable(s))
		}
		return first(driven(s), busy(s, now), heldNow(s), gate(plan, s, now), windowOfDeploy(plan, s, now), offline(plan, s, now), paused(plan, s, now),
			aroundDeploy(plan, s), unfit(plan, s, now), unfigured(plan, s), hopeless(plan, s, now))
	case Advance:
		return blocksAdvance(plan, s, now)
	case Promote:
		if why := beforePromotion(plan, s); !why.None() && noCanary(s).None() {
			return first(driven(s), why)
		}
		return blocksAdvance(plan, s, now)
	case Abort:
		return blocksAbort(plan, s, now)
	case Undo:
		return blocksUndo(plan, s, now, i.Revision)
	case Pause:
		if holds(s) {
			return first(driven(s), heldAlready(s))
		}
		return first(driven(s), offline(plan, s, now), busy(s, now), isPaused(plan, s, true))
	case Resume:
		if holds(s) {
			return append(first(driven(s)), blocksContinue(plan, s, now)...)
		}
		return first(driven(s), offline(plan, s, now), busy(s, now), isPaused(plan, s, false))
	case HoldOn:
		return first(noRelease(s), heldAlready(s))
	case Continue:
		return blocksContinue(plan, s, now)
	case Abandon:
		return first(noRelease(s), inFlight(s, now))
	case RunAction:
		return blocksRun(plan, s, now, i.Item)
	case Cancel:
		return blocksCancel(s)
	case Tick:
		return blocksTick(plan, s, i.Item)
	case Waive:
		return blocksWaive(plan, s, i.Item)
	case WaiveWindow:
		return first(driven(s), noRelease(s), goesBack(s), openAlready(plan, s, now))
	}
	return []Refusal{{Kind: RefusedUnknown, Text: "not possible"}}
}

// preventing is what stands against an intent first; zero when it may be asked for.
func preventing(plan Plan, s State, now time.Time, intent Intent) Refusal {
	return Choice{Refusals: blocks(plan, s, now, intent)}.Refusal()
}

// allowed keeps of the kinds those that may be asked for now.
func allowed(plan Plan, s State, now time.Time, intents ...Intent) []IntentKind {
	var kinds []IntentKind
	for _, intent := range intents {
		if len(blocks(plan, s, now, intent)) == 0 {
			kinds = append(kinds, intent.intent())
		}
	}
	return kinds
}

// or adds to a refusal what may be asked for instead, of these intents.
func (r Refusal) or(plan Plan, s State, now time.Time, intents ...Intent) Refusal {
	if !r.None() {
		r.Instead = allowed(plan, s, now, intents...)
	}
	return r
}

// driven says who else drives.
func driven(s State) Refusal { return refusal(RefusedDriven, s.View.Driver.String()) }

// offline says why nothing can be sent to the cluster.
func offline(plan Plan, s State, now time.Time) Refusal {
	w := s.View.Workload
	link, known := s.View.Links[Kubernetes]
	switch {
	case w.At.IsZero() && link.Err != "":
		return waits(RefusedOffline, "API server unreachable: "+link.Err)
	case w.At.IsZero():
		return waits(RefusedOffline, "not connected yet")
	case known && !link.OK:
		return waits(RefusedOffline, fmt.Sprintf("API server unreachable for %s: %s", Age(now.Sub(link.Since)), link.Err))
	case !Live(plan, s, now):
		return waits(RefusedOffline, fmt.Sprintf("API server last answered %s ago", Age(now.Sub(w.At))))
	case !w.Found:
		return refusal(RefusedMissing, fmt.Sprintf("deployment/%s does not exist in %s", plan.Deployment, plan.Namespace))
	}
	return Refusal{}
}

// busy says why no change can be begun while another is not answered; inFlight, the same
// where one whose answer was lost does not matter.
func busy(s State, now time.Time) Refusal {
	p := s.Pending
	if p == nil {
		return Refusal{}
	}
	return waits(RefusedBusy, fmt.Sprintf("%s was sent %s ago and is not answered yet", p.Change.Kind(), Age(now.Sub(p.Since))))
}

func inFlight(s State, now time.Time) Refusal {
	if s.Pending != nil && s.Pending.Unknown {
		return Refusal{}
	}
	return busy(s, now)
}

// unseen is for what has not been looked at yet.
func unseen(why string) Refusal { return waits(RefusedUnseen, why) }

func heldNow(s State) Refusal { return refusal(RefusedHeld, heldWords(s)) }
func heldAlready(s State) Refusal {
	if s.Held == nil {
		return Refusal{}
	}
	return refusal(RefusedAlready, "held already: "+s.Held.Reason)
}

func heldWords(s State) string {
	if s.Held != nil {
		return "held: " + s.Held.Reason
	}
	return ""
}

// noRelease says that there is no release that this could be about.
func noRelease(s State) Refusal {
	if !s.Phase.Over() {
		return Refusal{}
	}
	return refusal(RefusedPhase, "no release is under way")
}

// unfinished says which release is under way.
func unfinished(s State) Refusal {
	if s.Phase.Over() {
		return Refusal{}
	}
	return refusal(RefusedPhase, fmt.Sprintf("the release of %s is under way: %s", s.To.Version, s.Phase))
}

// undeployable says why there is nothing to be deployed, in any phase but planned.
func undeployable(s State) Refusal {
	if s.Phase.Over() {
		return refusal(RefusedPhase, "no version is planned")
	}
	return unfinished(s)
}

// comesBack says that a planned release is about to be taken up again.
func comesBack(s State) Refusal {
	if s.Resumes == nil {
		return Refusal{}
	}
	return waits(RefusedNotYet, fmt.Sprintf("the release of %s is planned, and comes back now", s.Resumes.To.Version))
}

// runsAlready says that a version is what runs. Unattended it is judged as it stands.
func runsAlready(plan Plan, s State, version string) Refusal {
	if s.View.Mode.Unattended || !runsVersion(plan, s, version) {
		return Refusal{}
	}
	return refusal(RefusedAlready, fmt.Sprintf("%s is what deployment/%s runs already", version, plan.Deployment))
}

func runsVersion(plan Plan, s State, version string) bool {
	return version != "" && s.View.Workload.runsAll(plan.released(), plan.Image+":"+version)
}

// foreignRollout says what rollout, begun elsewhere, keeps an unattended release from
// beginning: it would be cut off by somebody who does not know of it. At the console a
// person decides.
func foreignRollout(plan Plan, s State) Refusal {
	w := s.View.Workload
	if !s.View.Mode.Unattended || s.View.Mode.Replaces || !w.underWay() {
		return Refusal{}
	}
	return refusal(RefusedForeign, fmt.Sprintf("%s is being rolled out%s, %d of %d replaced: wait until it is complete, undo it, or replace it with --abandon",
		cmp.Or(w.Version(plan.Container), "another image"), causeWords(w), w.Replaced(), w.Desired))
}

// aroundVersion is foreignRollout for a version that is to be planned, aroundDeploy for
// the one that is. What changes nothing cuts nothing off.
func aroundVersion(plan Plan, s State, version string) Refusal {
	if version == "" || runsVersion(plan, s, version) {
		return Refusal{}
	}
	return foreignRollout(plan, s)
}

func aroundDeploy(plan Plan, s State) Refusal {
	if s.Unchanged() {
		return Refusal{}
	}
	return foreignRollout(plan, s)
}

// gate says which items keep a deploy from beginning: all that come before it have to
// have passed or be waived (invariant 3), and each check of them holds now: one that is
// stale has not passed. Where only checks are open that a later look can settle, it is
// waited for.
func gate(plan Plan, s State, now time.Time) Refusal {
	return gateOf(plan, s, now, func(spec ItemSpec) bool { return comesFirst(plan, spec) })
}

// gateOf says which of the items that something waits for are open.
func gateOf(plan Plan, s State, now time.Time, before func(ItemSpec) bool) Refusal {
	var open []string
	wait, kind := true, RefusedApproval
	for _, item := range Open(plan, s, now) {
		if before(item.Spec) {
			open = append(open, item.Spec.Title)
			if item.Spec.Type != ItemApproval {
				kind = RefusedGate
			}
			wait = wait && item.Settles == ByItself
		}
	}
	if len(open) == 0 {
		return Refusal{}
	}
	return Refusal{Kind: kind, Wait: wait, Text: fmt.Sprintf("not before %s: %s", Count(len(open), "item"), strings.Join(open, ", "))}
}

// paused says that a new image would not roll out.
func paused(plan Plan, s State, now time.Time) Refusal {
	if !s.View.Workload.Paused {
		return Refusal{}
	}
	return refusal(RefusedUnfit, "the rollout is paused").or(plan, s, now, Resume{})
}

// isPaused says that the Deployment is paused already, or is not.
func isPaused(plan Plan, s State, paused bool) Refusal {
	switch {
	case s.View.Workload.Paused != paused:
		return Refusal{}
	case paused:
		return refusal(RefusedAlready, fmt.Sprintf("deployment %q is already paused", plan.Deployment))
	}
	return refusal(RefusedAlready, fmt.Sprintf("deployment %q is not paused", plan.Deployment))
}

// blocksUndo lists what stands against the way back: to the previous revision, which 0
// is, or to another one.
func blocksUndo(plan Plan, s State, now time.Time, revision int64) []Refusal {
	w := s.View.Workload
	if revision != 0 {
		r, ok := w.Revision(revision)
		if !ok {
			return []Refusal{NoRevision(w, revision)}
		}
		return append(undoneNotYet(plan, s, now), first(templateRuns(w, r), canaryFirst(plan, s, now))...)
	}
	if leadsBack(plan, s) {
		return blocksAbort(plan, s, now)
	}
	if _, ok := s.imageBack(plan); ok {
		return undoneNotYet(plan, s, now)
	}
	previous, has := s.WayBack()
	switch to := returning(s); {
	case !has:
		return first(offline(plan, s, now), unseen(unlooked(plan, s)), noHistory(plan, w))
	case to != "":
		// Previous is what is being left: two keys pressed in haste must not bring it back.
		return []Refusal{{Kind: RefusedAlready, Text: to + "; r chooses another revision"}}
	}
	return append(undoneNotYet(plan, s, now), first(templateRuns(w, previous))...)
}

// undoneNotYet lists what keeps any undo from being sent now.
func undoneNotYet(plan Plan, s State, now time.Time) []Refusal {
	return first(offline(plan, s, now), inFlight(s, now), unobserved(s, now), unseen(unlooked(plan, s)))
}

// unobserved says that the controller has not seen the newest generation: for a while that
// is waited for.
func unobserved(s State, now time.Time) Refusal {
	at := s.View.Unseen
	if at.IsZero() || now.Sub(at) >= caughtUp {
		return Refusal{}
	}
	r := unseen(fmt.Sprintf("waits until the controller has seen generation %d: choosing now could go one revision too far", s.View.Workload.Generation))
	r.Until = at.Add(caughtUp)
	return r
}

func templateRuns(w Workload, r Revision) Refusal {
	if r.Template.Hash != w.Template.Hash {
		return Refusal{}
	}
	return refusal(RefusedAlready, fmt.Sprintf("skipped rollback (current template already matches revision %d)", r.Number))
}

// canaryFirst says that a canary has to go before stable gets another revision.
func canaryFirst(plan Plan, s State, now time.Time) Refusal {
	if !leadsBack(plan, s) {
		return Refusal{}
	}
	back := blocksAbort(plan, s, now)
	if len(back) > 0 && back[0].Kind == RefusedAlready {
		return refusal(RefusedNotYet, "the canary is being taken back").or(plan, s, now, Abandon{})
	}
	return refusal(RefusedNotYet, "the canary comes first").or(plan, s, now, Abort{})
}

// noHistory says that no earlier revision is kept.
func noHistory(plan Plan, w Workload) Refusal {
	why := fmt.Sprintf("no rollout history found for deployment %q", plan.Deployment)
	if w.History == 0 && w.Found && len(w.Revisions) > 0 {
		why += ": revisionHistoryLimit is 0; deploy the version to return to"
	}
	return refusal(RefusedMissing, why)
}
