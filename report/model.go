package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// Input is everything that a report is made of.
type Input struct {
	ID       string
	Entries  []release.Entry // oldest first; at least one
	Readings []release.Reading
	Verified Verified
	At       time.Time // when it is written
	By       string    // by whom
}

// Verified is what is known of the record's own soundness.
type Verified struct {
	Lines    int      `json:"lines"`
	Last     string   `json:"last"`               // the checksum of the last line
	Unlinked int      `json:"unlinked,omitempty"` // lines that do not name the one before: of an earlier slipway
	Problems []string `json:"problems,omitempty"`
}

// Report is what the writers write. Its JSON is an interface: schema rises when a member
// goes, or comes to mean something else.
type Report struct {
	Schema    int        `json:"schema"`
	ID        string     `json:"id"`
	Service   string     `json:"service"`
	From      string     `json:"from"`
	To        string     `json:"to"`
	Outcome   string     `json:"outcome"` // "Released", "Rolled back automatically"
	Summary   []string   `json:"summary"`
	Why       string     `json:"why,omitempty"` // it was rolled back
	Facts     []Fact     `json:"facts"`
	Stages    []Stage    `json:"checklist"`
	Metrics   []Metric   `json:"metrics"`
	Steps     []Step     `json:"steps,omitempty"`
	Decisions []Decision `json:"decisions"`
	Timeline  []Line     `json:"timeline"`
	Commands  []Command  `json:"commands"`
	Undone    []Line     `json:"undone,omitempty"`
	Acts      []Act      `json:"acts"`
	Verified  Verified   `json:"verified"`
	At        time.Time  `json:"at"`
	By        string     `json:"by"`

	phase      release.Phase
	begin, end time.Time // of the plots
	deployed   time.Time
	complete   time.Time
	readings   []release.Reading
}

// Fact is one line about the release.
type Fact struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// Stage is one part of the checklist.
type Stage struct {
	Title string `json:"title"`
	Items []Item `json:"items"`
}

// Item is one line of the checklist. Status is "not reached" where nothing was looked at.
type Item struct {
	Title    string    `json:"title"`
	Status   string    `json:"status"`
	At       time.Time `json:"at,omitzero"`
	By       string    `json:"by,omitempty"`
	Evidence string    `json:"evidence,omitempty"`
	Note     string    `json:"note,omitempty"`
	Reason   string    `json:"reason,omitempty"`
}

// Metric is one figure before, during and after.
type Metric struct {
	Name   release.MetricName `json:"name"`
	Title  string             `json:"title"`
	Bound  string             `json:"bound"`
	Before string             `json:"before"`
	During string             `json:"during"`
	Canary string             `json:"canary,omitempty"`
	After  string             `json:"after"`
	Word   string             `json:"word"` // "within", "BEYOND", "no data"

	unit      release.Unit
	low, high float64
}

// Step is one weight of a canary.
type Step struct {
	Weight int       `json:"weight"`
	Live   time.Time `json:"live"`
	Until  time.Time `json:"until,omitzero"`
	Stable string    `json:"stable"` // its error rate in the last round
	Canary string    `json:"canary"`
	P      string    `json:"p"`
	Rounds string    `json:"rounds"`
}

// Decision is what somebody, or slipway, decided, and on what.
type Decision struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	What string    `json:"what"`
	On   string    `json:"on,omitempty"`
}

// Line is one line of the timeline. Act is the number of the act that it belongs to, 0: none.
type Line struct {
	At    time.Time    `json:"at"`
	By    string       `json:"by"`
	Stage string       `json:"stage"`
	Mark  release.Mark `json:"mark,omitempty"`
	Text  string       `json:"text"`
	Act   int          `json:"act,omitempty"`
}

// Command does the same with kubectl.
type Command struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Text string    `json:"text"`
	Act  int       `json:"act,omitempty"`
}

// Act is a change, or several less than together apart.
type Act struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	Text   string    `json:"text"`
	Undo   bool      `json:"undo,omitempty"`
}

const (
	schema   = 1
	together = 15 * time.Second // acts less than so long apart share a number
	around   = 10 * time.Minute // before the deploy and after the end
)

// stageTitles are the document's.
var stageTitles = map[release.Stage]string{release.Pre: "Pre-Deployment", release.During: "During Deployment", release.Post: "Post-Deployment"}

// Build reads a record.
func Build(in Input) Report {
	last := in.Entries[len(in.Entries)-1]
	r := last.Record
	rep := Report{
		Schema: schema, ID: in.ID, Service: r.Service, From: or(r.From.Version, "nothing"), To: or(r.To.Version, "not known"),
		Verified: in.Verified, At: in.At, By: in.By, phase: r.Phase, readings: in.Readings,
	}
	rep.times(in.Entries)
	asked := askedOf(in.Entries)
	rep.acts(in.Entries)
	rep.Metrics = rep.metrics(asked)
	rep.Steps = steps(in.Entries, asked)
	rep.Stages = checklist(asked, r)
	rep.decisions(in.Entries)
	rep.lines(in.Entries)
	rep.outcome(in.Entries, r)
	rep.facts(asked, r)
	return rep
}

func askedOf(entries []release.Entry) release.Configured {
	for _, e := range entries {
		if e.Configured != nil {
			return *e.Configured
		}
	}
	var asked release.Configured // an earlier slipway kept nothing of it
	for _, item := range entries[len(entries)-1].Record.Items {
		asked.Items = append(asked.Items, release.ConfiguredItem{ID: item.ID, Title: item.ID, Stage: ""})
	}
	return asked
}

// times finds when it was deployed and complete, and what the plots show.
func (rep *Report) times(entries []release.Entry) {
	first, last := entries[0], entries[len(entries)-1]
	rep.begin, rep.end = first.At, last.At
	for _, e := range entries {
		p := e.Record.Phase
		if rep.deployed.IsZero() && (p == release.Deploying || p == release.Verifying || p == release.RollingBack) {
			rep.deployed = e.At
		}
		if rep.complete.IsZero() && (p == release.Verifying || p == release.Released || p == release.RolledBack) {
			rep.complete = e.At
		}
	}
	if !rep.deployed.IsZero() {
		rep.begin = rep.deployed.Add(-around)
	}
	if n := len(rep.readings); n > 0 && rep.readings[n-1].At.After(rep.end) {
		rep.end = rep.readings[n-1].At
	}
	rep.begin = latest(rep.begin, earliest(rep.readings, first.At))
	if !rep.end.After(rep.begin) {
		rep.end = rep.begin.Add(time.Minute)
	}
}

func earliest(all []release.Reading, at time.Time) time.Time {
	if len(all) > 0 && all[0].At.Before(at) {
		return all[0].At
	}
	return at
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (rep *Report) acts(entries []release.Entry) {
	for _, e := range entries {
		if len(e.Effects) == 0 {
			continue
		}
		undo := e.Record.Phase == release.RollingBack || e.Record.Pending != nil && e.Record.Pending.Next == release.RollingBack
		text := e.Effects[0].Describe()
		if n := len(rep.Acts); n > 0 && e.At.Sub(rep.Acts[n-1].At) < together && rep.Acts[n-1].Undo == undo {
			rep.Acts[n-1].Text += "; " + text
			continue
		}
		rep.Acts = append(rep.Acts, Act{Number: len(rep.Acts) + 1, At: e.At, Text: text, Undo: undo})
	}
}

// act is the number of the act that happened then, 0: none.
func (rep *Report) act(at time.Time) int {
	for _, a := range slices.Backward(rep.Acts) {
		if d := at.Sub(a.At); d >= 0 && d < together {
			return a.Number
		}
	}
	return 0
}

func checklist(asked release.Configured, r release.Record) []Stage {
	state := map[string]release.Item{}
	for _, item := range r.Items {
		state[item.ID] = item
	}
	var all []Stage
	for _, spec := range asked.Items {
		title := or(stageTitles[spec.Stage], "Checklist")
		if n := len(all); n == 0 || all[n-1].Title != title {
			all = append(all, Stage{Title: title})
		}
		s, item := &all[len(all)-1], state[spec.ID]
		i := Item{Title: spec.Title, Status: string(item.Status), At: item.At, By: item.By.Name, Evidence: item.Evidence, Note: item.Note, Reason: item.Reason}
		if item.Status == release.Waiting || item.Status == "" {
			i.Status = "not reached"
		}
		s.Items = append(s.Items, i)
	}
	return all
}

func (rep *Report) decisions(entries []release.Entry) {
	for _, e := range entries {
		if what, on, ok := e.On(); ok {
			rep.Decisions = append(rep.Decisions, Decision{e.At, e.By.Name, what, on})
		}
	}
}

func (rep *Report) lines(entries []release.Entry) {
	undoing := false
	for _, e := range entries {
		undoing = undoing || e.Record.Phase == release.RollingBack || e.Record.Phase == release.RolledBack
		for _, l := range e.Tells {
			line := Line{At: l.At, By: l.By.Name, Stage: rep.stage(l.At), Mark: l.Mark, Text: l.Text}
			if len(e.Effects) > 0 {
				line.Act = rep.act(e.At)
			}
			rep.Timeline = append(rep.Timeline, line)
			if undoing {
				rep.Undone = append(rep.Undone, line)
			}
		}
		for _, text := range e.Commands {
			rep.Commands = append(rep.Commands, Command{e.At, e.By.Name, text, rep.act(e.At)})
		}
	}
}

func (rep *Report) stage(at time.Time) string {
	switch {
	case rep.deployed.IsZero() || at.Before(rep.deployed):
		return stageTitles[release.Pre]
	case rep.complete.IsZero() || at.Before(rep.complete):
		return stageTitles[release.During]
	}
	return stageTitles[release.Post]
}

func (rep *Report) outcome(entries []release.Entry, r release.Record) {
	said := func(format string, args ...any) { rep.Summary = append(rep.Summary, fmt.Sprintf(format, args...)) }
	where := r.Environment
	how := ""
	if n := len(rep.Steps); n > 0 {
		how = fmt.Sprintf(" as a canary, over %s of traffic", plural(n, "weight"))
	}
	switch r.Phase {
	case release.Released:
		rep.Outcome = "Released"
		said("%s was released to %s%s. It has served all traffic since %s; every item was settled at %s.", rep.To, where, how, clock(rep.complete), clock(r.Ended))
	case release.RolledBack:
		rep.Outcome, rep.Why = "Rolled back", "A person asked for it."
		by := "by hand"
		if r.Auto != "" {
			rep.Outcome, rep.Why, by = "Rolled back automatically", r.Auto, "by slipway itself"
		}
		said("%s was rolled back in %s %s. %s has served all traffic since %s.", rep.To, where, by, or(r.Rollout.Goal.Version, rep.From), clock(r.Ended))
	case release.Abandoned:
		rep.Outcome = "Abandoned"
		said("The release of %s to %s was ended at %s without changing the cluster any further.", rep.To, where, clock(r.Ended))
	default:
		rep.Outcome = "Not finished"
		said("The release of %s to %s is %s, as of %s.", rep.To, where, or(string(r.Phase), "not begun"), clock(entries[len(entries)-1].At))
	}
	said("%s %s", rep.cost(), rep.left())
}

// cost is what it cost users, as far as the figures tell.
func (rep *Report) cost() string {
	if rep.deployed.IsZero() {
		return "Nothing was deployed, so it cost users nothing."
	}
	var requests, failed float64
	var known time.Duration
	for i, r := range rep.readings[:max(len(rep.readings)-1, 0)] {
		gap := min(rep.readings[i+1].At.Sub(r.At), 15*time.Second)
		rate, ok := r.All[release.RequestRate]
		share, too := r.All[release.ErrorRate]
		if ok && too && gap > 0 && !r.At.Before(rep.deployed) {
			requests, failed, known = requests+rate*gap.Seconds(), failed+rate*share*gap.Seconds(), known+gap
		}
	}
	if known == 0 || requests == 0 {
		return "What it cost users is not known: no figures of requests were kept."
	}
	return fmt.Sprintf("About %s of %s requests failed (%s) in the %s that have figures.",
		release.Thousands(math.Round(failed)), release.Thousands(math.Round(requests)), release.Format(release.Ratio, failed/requests), release.Span(known))
}

// left is what is left to do.
func (rep *Report) left() string {
	if rep.phase == release.Released {
		return "Nothing is left to do."
	}
	var open []string
	for _, s := range rep.Stages {
		for _, i := range s.Items {
			if i.Status != string(release.Passed) && i.Status != string(release.Waived) {
				open = append(open, i.Title)
			}
		}
	}
	switch {
	case rep.phase == release.RolledBack || rep.phase == release.Abandoned:
		return "To try again, begin a new release; its checklist begins anew."
	case len(open) == 0:
		return "No item is open."
	}
	return "Open: " + strings.Join(open, ", ") + "."
}

func (rep *Report) facts(asked release.Configured, r release.Record) {
	add := func(label, text string) {
		if text != "" {
			rep.Facts = append(rep.Facts, Fact{label, text})
		}
	}
	add("Service", r.Service)
	add("Where", fmt.Sprintf("%s: %s / %s, deployment/%s", r.Environment, r.Cluster, r.Namespace, r.Deployment))
	add("From", target(r.From))
	add("To", target(r.To))
	if len(asked.Steps) > 0 {
		weights := make([]string, len(asked.Steps))
		for i, s := range asked.Steps {
			weights[i] = fmt.Sprint(s)
		}
		add("How", fmt.Sprintf("canary %s%%, each baked %s", strings.Join(weights, " → "), release.Span(asked.Bake)))
	} else {
		add("How", "rolling update")
	}
	until := "not over"
	if !r.Ended.IsZero() {
		until = fmt.Sprintf("%s, %s", clock(r.Ended), release.Span(r.Ended.Sub(r.Began)))
	}
	add("When", fmt.Sprintf("%s to %s", clock(r.Began), until))
	add("Led by", r.By.String())
	if asked.After > 0 {
		add("Rollback", fmt.Sprintf("on a missed deadline: %s; after %s in a row: %s", asked.OnDeadline, plural(asked.After, "failure"), asked.OnMetrics))
	}
	passed, waived, all := 0, 0, 0
	for _, s := range rep.Stages {
		for _, i := range s.Items {
			all++
			switch i.Status {
			case string(release.Passed):
				passed++
			case string(release.Waived):
				waived++
			}
		}
	}
	add("Checklist", fmt.Sprintf("%d of %d passed, %d waived", passed, all, waived))
}

func target(t release.Target) string {
	text := or(t.Version, "nothing")
	if t.Revision > 0 {
		text += fmt.Sprintf(", revision %d", t.Revision)
	}
	if _, digest, ok := strings.Cut(t.Image, "@"); ok {
		text += ", " + digest[:min(len(digest), 19)]
	}
	return text
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "a time that is not known"
	}
	return t.UTC().Format("15:04:05")
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func plural(n int, thing string) string { return release.Count(n, thing) }
