package ui

import (
	"maps"
	"slices"

	"datahub.io/slipway/release"
)

// spell rewrites the scene's words in ASCII. The frame itself stays as it is:
// whatever is rewritten is copied first.
func (s *scene) spell(g glyphs) {
	all := func(texts ...*string) {
		for _, text := range texts {
			*text = g.say(*text)
		}
	}
	all(&s.head.Strong, &s.head.Rest, &s.head.Short)

	s.items = slices.Clone(s.items)
	for i := range s.items {
		it := &s.items[i]
		all(&it.Spec.Title, &it.Edge, &it.Item.Evidence, &it.Item.Note, &it.Item.Reason)
		it.Rows = spellFacts(g, it.Rows)
	}
	s.Choices = slices.Clone(s.Choices)
	for i := range s.Choices {
		c := &s.Choices[i]
		p := &c.Preview
		all(&p.Title, &p.Line, &p.Object, &p.Change, &p.How, &p.Back, &p.SameAs.Why)
		c.Refusals = slices.Clone(c.Refusals)
		for j := range c.Refusals {
			all(&c.Refusals[j].Text)
		}
		p.Gates = slices.Clone(p.Gates)
		for j := range p.Gates {
			all(&p.Gates[j].Title, &p.Gates[j].How)
		}
		p.Facts = spellFacts(g, p.Facts)
		p.Diff = slices.Clone(p.Diff)
		for j := range p.Diff {
			all(&p.Diff[j].Text)
		}
	}
	s.Activity = slices.Clone(s.Activity)
	for i := range s.Activity {
		all(&s.Activity[i].Text)
	}
	s.Logs.Lines = slices.Clone(s.Logs.Lines)
	for i := range s.Logs.Lines {
		all(&s.Logs.Lines[i])
	}
	for _, w := range []*release.Workload{&s.State.View.Workload, &s.State.View.Canary} {
		spellWorkload(g, w)
	}
	s.canary.spell(g)
	split := &s.State.View.Split
	all(&split.Err)
	split.Notes, split.Blocked, split.Routes = spellTexts(g, split.Notes), spellTexts(g, split.Blocked), spellTexts(g, split.Routes)
	all(&split.RoutesErr)
	s.State.View.Links = maps.Clone(s.State.View.Links)
	for source, link := range s.State.View.Links {
		all(&link.Err)
		s.State.View.Links[source] = link
	}
	all(&split.Writer)
	if s.State.Canary != nil {
		run := *s.State.Canary
		all(&run.Why)
		s.State.Canary = &run
	}
	if s.State.Held != nil {
		held := *s.State.Held
		all(&held.Reason)
		s.State.Held = &held
	}
	if s.State.Asking != nil {
		asking := *s.State.Asking
		all(&asking.Reason)
		s.State.Asking = &asking
	}
}

func spellWorkload(g glyphs, w *release.Workload) {
	w.Causes = slices.Clone(w.Causes)
	for i := range w.Causes {
		w.Causes[i].Reason, w.Causes[i].Text = g.say(w.Causes[i].Reason), g.say(w.Causes[i].Text)
	}
	w.Events = slices.Clone(w.Events)
	for i := range w.Events {
		w.Events[i].Text = g.say(w.Events[i].Text)
	}
	w.Revisions = slices.Clone(w.Revisions)
	for i := range w.Revisions {
		w.Revisions[i].Cause = g.say(w.Revisions[i].Cause)
	}
}

func spellTexts(g glyphs, texts []string) []string {
	texts = slices.Clone(texts)
	for i := range texts {
		texts[i] = g.say(texts[i])
	}
	return texts
}

func spellFacts(g glyphs, facts []release.Fact) []release.Fact {
	facts = slices.Clone(facts)
	for i := range facts {
		facts[i].Label, facts[i].Text = release.FactLabel(g.say(string(facts[i].Label))), g.say(facts[i].Text)
	}
	return facts
}
