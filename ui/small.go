package ui

import (
	"fmt"

	"datahub.io/slipway/release"
)

// small is the screen of a window that is too small: one honest sentence, and u
// and q. What u opens takes the sentence's place.
func (s *screen) small(sc scene, t theme) block {
	w, h := max(s.w, 1), max(s.h, 1)
	if top := s.top(); top != nil {
		return top.draw(sc, t, w, h).sized(w, h, t.glyphs.ellipsis)
	}
	undo := "undo, not now"
	if c := sc.undo(); leadsCanaryBack(sc, c) {
		undo = "abort the canary"
	} else if c.OK() {
		r, _ := sc.goesTo()
		undo = "undo to " + r.Version
	}
	if w < 30 {
		undo = "undo"
	}
	keys := line(strong.of("u"), plain.of(" "), muted.of(undo), plain.of("  "), strong.of("q"), plain.of(" "), muted.of("leave"))
	margin := 0
	if w >= 20 {
		margin = 2
	}
	sentence := line(
		strong.of(fmt.Sprintf("This window is %d%s%d and a release needs %d%s%d to be shown honestly. ", s.w, t.glyphs.times, s.h, minWidth, t.glyphs.times, minHeight)),
		plain.of("Meanwhile in "),
	)
	sentence = join(sentence, environment(sc.Plan), line(plain.of(" "+meanwhile(sc)+": "+sc.head.Short)))
	text := wrapRow(sentence, w-2*margin, t.glyphs.ellipsis)
	if s.notice != "" {
		text = wrapRow(line(strong.of(s.notice)), w-2*margin, t.glyphs.ellipsis)
	}
	room := h - 1
	top := min(3, max(room-len(text)-1, 0)/2)
	out := make(block, top, h)
	for _, r := range text[:min(len(text), room)] {
		out = append(out, join(line(plain.of(spaces(margin))), r))
	}
	for len(out) < h-1 {
		out = append(out, nil)
	}
	if gap := h - 1 - top - len(text); gap >= 6 {
		out = out[:h-3]
		out = append(out, join(line(plain.of(spaces(margin))), keys), nil, nil)
	} else {
		out = append(out, join(line(plain.of(spaces(margin))), keys))
	}
	return out.sized(w, h, t.glyphs.ellipsis)
}

// meanwhile says what goes on while it cannot be shown.
func meanwhile(sc scene) string {
	s := sc.State
	switch s.Phase {
	case release.Planned:
		return s.To.Version + " waits to be deployed"
	case release.Deploying:
		if sc.canary.under {
			return fmt.Sprintf("the canary of %s keeps %d%% of the traffic", s.To.Version, sc.canary.Weight)
		}
		return "the update to " + s.To.Version + " goes on"
	case release.Verifying:
		return "the checks of " + s.To.Version + " go on"
	case release.RollingBack:
		return "the way back to " + s.Rollout.Goal.Version + " goes on"
	}
	return "nothing is under way"
}
