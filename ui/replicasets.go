package ui

import (
	"fmt"

	"datahub.io/slipway/release"
)

// set is one ReplicaSet as the rollout panel shows it.
type set struct {
	head        row
	tally       map[release.PodState]int
	said        string
	name, words ink
}

// replicaSets draws the ReplicaSets that have pods, the old ones first, in at
// most that many rows. Nothing being replaced, it shows the current one and the
// one that u goes back to.
func replicaSets(sc scene, t theme, w, most int) block {
	wl := sc.workload()
	current, ok := wl.Current()
	var old []set
	for i := len(wl.Revisions) - 1; i >= 0; i-- {
		r := wl.Revisions[i]
		if r.Number != current.Number && (r.Desired > 0 || total(wl.Tally(r.Number)) > 0) {
			old = append(old, newSet(sc, t, "old", r, muted, muted, w))
		}
	}
	var out block
	if over := len(old) - (most - 1); over > 0 {
		out = append(out, line(muted.of(fmt.Sprintf("old  %d more ReplicaSets with pods: 2 Rollout has them all", over+1))))
		old = old[over+1:]
	}
	back, has := sc.State.WayBack()
	label := "back"
	if sc.canary.known && sc.State.Phase == release.RolledBack || leadsCanaryBack(sc, sc.undo()) {
		has = false // it is about the canary
	}
	if sc.undo().Refused(release.RefusedAlready) {
		label = "left" // u does not go there
	}
	switch {
	case !ok:
		return append(append(out, drawSets(sc, t, old, w)...), line(strong.of("new  "), faint.of("no ReplicaSet yet: the controller has not made it")))
	case len(old) > 0 || len(out) > 0:
		old = append(old, newSet(sc, t, "new", current, strong, plain, w))
	case has:
		old = []set{newSet(sc, t, "now", current, strong, plain, w), newSet(sc, t, label, back, muted, muted, w)}
	default:
		old = []set{newSet(sc, t, "now", current, strong, plain, w)}
	}
	return append(out, drawSets(sc, t, old, w)...)
}

func total(tally map[release.PodState]int) (n int) {
	for _, pods := range tally {
		n += pods
	}
	return n
}

func newSet(sc scene, t theme, label string, r release.Revision, name, words ink, w int) set {
	revision := "revision "
	if w < 60 {
		revision = "r"
	}
	if !sc.live && name == strong {
		name = plain
	}
	s := set{tally: sc.workload().Tally(r.Number), name: name, words: words}
	version := cutMiddle(r.Version, 20, t.glyphs.ellipsis)
	s.head = line(name.of(padRight(label, 5)+version), words.of(fmt.Sprintf("  %s%d", revision, r.Number)))
	s.said = podWords(s.tally)
	switch {
	case total(s.tally) == 0 && !r.Current:
		s.said = "no pods, " + release.Span(sc.Now.Sub(r.Created)) + " old"
	case !sc.live:
		s.said = "were " + s.said
	}
	return s
}

// drawSets puts the sets into columns: what it is, its pods one by one, and in
// words. The pods move together where the words are long.
func drawSets(sc scene, t theme, sets []set, w int) block {
	gap, column := 3, 17
	if w < 60 {
		gap, column = 2, 11
	}
	var head, said int
	for _, s := range sets {
		head, said = max(head, s.head.width()), max(said, cells(s.said))
	}
	column = max(min(column, w-head-gap-said), 0)
	out := make(block, 0, len(sets))
	for _, s := range sets {
		pods := podGlyphs(sc, t, s.tally, " ", max(column-1, 0)).fit(column, "")
		out = append(out, join(s.head.fit(head+gap, t.glyphs.ellipsis), pods, line(s.words.of(s.said))))
	}
	return out
}
