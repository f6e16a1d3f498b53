package release

import "time"

// Pretend is a task of the tests.
type Pretend struct {
	Name string `json:"name"`
}

// OpPretend is its kind.
var OpPretend OpKind = "pretend"

func init() { operations[OpPretend] = decode[Pretend] }

func (Pretend) Kind() OpKind                   { return OpPretend }
func (Pretend) Subject() Subject               { return OffWorkload }
func (o Pretend) Describe() string             { return "pretend " + o.Name }
func (Pretend) Deadline() time.Duration        { return time.Hour }
func (Pretend) Look(View, string) Look         { return Look{} }
func (o Pretend) decided(Plan, View) Operation { return o }

// StartTask makes a task the one in flight.
func StartTask(plan Plan, s State, now time.Time, item string, c Change) (State, []Effect) {
	t := &turn{plan: plan, now: now, s: s}
	t.startTask(item, c)
	t.s.Seq = s.Seq + 1
	return t.s, t.effects
}
