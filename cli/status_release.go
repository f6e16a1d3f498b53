package cli

import (
	"time"

	"datahub.io/slipway/release"
)

// statusSchema is the version of what status -o json prints, docs/status-json.md. A
// member may be added to a schema; one that goes or comes to mean something else needs
// the next number.
const statusSchema = 1

// releaseReport is the last release as status prints it. It is not the record, which
// changes with slipway: each member is named here for its readers.
type releaseReport struct {
	ID      string           `json:"id"`
	Phase   release.Phase    `json:"phase"`
	By      release.Actor    `json:"by"`
	Began   *time.Time       `json:"began"` // null: not begun
	Ended   *time.Time       `json:"ended"` // null: not over
	From    targetReport     `json:"from"`
	To      targetReport     `json:"to"`
	Items   []itemReport     `json:"items"`
	Canary  *canaryRunReport `json:"canary,omitempty"`
	Budget  *budgetReport    `json:"budget,omitempty"`
	Held    *heldReport      `json:"held,omitempty"`
	Asking  *askingReport    `json:"asking,omitempty"`
	Pending *pendingReport   `json:"pending,omitempty"`
	Auto    string           `json:"auto,omitempty"` // why slipway rolled back
	Last    *outcomeReport   `json:"last,omitempty"` // the last change
	Resumes string           `json:"resumes,omitempty"`
}

type targetReport struct {
	Version  string `json:"version"`
	Image    string `json:"image,omitempty"`
	Revision int64  `json:"revision,omitempty"`
}

type itemReport struct {
	ID       string         `json:"id"`
	Title    string         `json:"title"`
	Stage    release.Stage  `json:"stage,omitempty"`
	Status   release.Status `json:"status"`
	Evidence string         `json:"evidence,omitempty"`
	At       *time.Time     `json:"at"`
	By       *release.Actor `json:"by,omitempty"`
	Note     string         `json:"note,omitempty"`
	Reason   string         `json:"reason,omitempty"` // of a waiver
}

type canaryRunReport struct {
	Stage  release.CanaryStage `json:"stage"`
	Step   int                 `json:"step"`
	Weight int                 `json:"weight"` // percent that the canary is to have
	Live   *time.Time          `json:"live"`   // since when it has it; null: not seen
	Rounds *roundsReport       `json:"rounds"` // judged at this weight; null: not written down
}

type roundsReport struct {
	Passed int `json:"passed"`
	Failed int `json:"failed"`
	NoData int `json:"noData"`
}

// budgetReport is how much of the failure budget is used.
type budgetReport struct {
	Used  int                `json:"used"`
	Of    int                `json:"of"`
	By    release.MetricName `json:"metric,omitempty"`
	Title string             `json:"title,omitempty"`
}

type heldReport struct {
	Kind   release.HoldKind `json:"kind"`
	Reason string           `json:"reason"`
	By     release.Actor    `json:"by"`
	At     time.Time        `json:"at"`
}

type askingReport struct {
	Trouble release.Trouble `json:"trouble"`
	Reason  string          `json:"reason"`
	At      time.Time       `json:"at"`
}

type pendingReport struct {
	ID      string        `json:"id"`
	What    string        `json:"what"`
	By      release.Actor `json:"by"`
	Since   time.Time     `json:"since"`
	Unknown bool          `json:"unknown"` // its answer was lost
}

type outcomeReport struct {
	ID   string              `json:"id"`
	Kind release.OutcomeKind `json:"kind"`
	What string              `json:"what,omitempty"`
	By   release.Actor       `json:"by"`
	Text string              `json:"text,omitempty"`
	At   time.Time           `json:"at"`
}

// releaseOf is the report of a record; nil: there is none.
func releaseOf(plan release.Plan, last *release.Record) *releaseReport {
	if last == nil {
		return nil
	}
	r := releaseReport{
		ID: last.ID, Phase: last.Phase, By: last.By, Began: known(last.Began), Ended: known(last.Ended),
		From: targetOf(last.From), To: targetOf(last.To), Items: []itemReport{}, Auto: last.Auto, Budget: budgetOf(plan, *last),
	}
	specs := map[string]release.ItemSpec{}
	for _, spec := range plan.Items {
		specs[spec.ID] = spec
	}
	for _, item := range last.Items {
		i := itemReport{
			ID: item.ID, Title: orElse(specs[item.ID].Title, item.ID), Stage: specs[item.ID].Stage, Status: item.Status,
			Evidence: item.Evidence, At: known(item.At), Note: item.Note, Reason: item.Reason,
		}
		if item.By != (release.Actor{}) {
			i.By = &item.By
		}
		r.Items = append(r.Items, i)
	}
	if c := last.Canary; c != nil {
		r.Canary = &canaryRunReport{Stage: c.Stage, Step: c.Step, Weight: c.Weight, Live: known(c.Live)}
		if j := last.Judging; j != nil {
			r.Canary.Rounds = &roundsReport{j.Pass, j.Fail, j.NoData}
		}
	}
	if h := last.Held; h != nil {
		r.Held = &heldReport{h.Kind, h.Reason, h.By, h.At}
	}
	if q := last.Asking; q != nil {
		r.Asking = &askingReport{q.Trouble, q.Reason, q.At}
	}
	if p := last.Pending; p != nil {
		r.Pending = &pendingReport{p.Change.ID, p.Change.Describe(), p.Change.By, p.Since, p.Unknown}
	}
	if o := last.Last; o != nil {
		r.Last = &outcomeReport{o.ID, o.Kind, o.What, o.By, o.Text, o.At}
	}
	if last.Resumes != nil {
		r.Resumes = last.Resumes.ID
	}
	return &r
}

func targetOf(t release.Target) targetReport {
	return targetReport{t.Version, t.Image, t.Revision}
}

// budgetOf is how much of the failure budget the record says is used; nil: nothing was
// judged, or it does not say.
func budgetOf(plan release.Plan, r release.Record) *budgetReport {
	used, of, ok := release.UsedBudget(plan, r)
	if !ok {
		return nil
	}
	return &budgetReport{Used: used, Of: plan.Rollback.After, By: of.Name, Title: of.Title}
}

// known is a moment, or nil where there is none.
func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
