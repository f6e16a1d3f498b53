package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// away is an operation that leaves the workload alone.
type away struct{ release.PauseRollout }

func (away) Kind() release.OpKind     { return "away" }
func (away) Subject() release.Subject { return release.OffWorkload }
func (away) Deadline() time.Duration  { return time.Minute }

// tasks performs what it is told to.
type tasks struct {
	perform func(ctx context.Context, progress func(release.Progress)) release.Outcome
	looks   release.Look
}

func (p tasks) Perform(ctx context.Context, _ release.Change, progress func(release.Progress)) release.Outcome {
	return p.perform(ctx, progress)
}
func (p tasks) Look(context.Context, release.Change) release.Look { return p.looks }
func (p tasks) Stop(context.Context, release.Change) release.Outcome {
	return release.Outcome{Kind: release.Cancelled, Text: "stopped elsewhere"}
}

func performing(p Performer) *Engine {
	return New(Options{Performers: map[release.OpKind]Performer{"away": p}})
}

func event[E any](t *testing.T, e *Engine) E {
	t.Helper()
	for {
		select {
		case m := <-e.events:
			if found, ok := m.(E); ok {
				return found
			}
		case <-time.After(30 * time.Second):
			t.Fatal("nothing came")
		}
	}
}

var change = release.Change{ID: "t-1", Do: away{}}

// What a task tells is bounded, cleaned and passed on; its outcome comes last.
func TestTaskTells(t *testing.T) {
	told := make(chan struct{})
	e := performing(tasks{perform: func(_ context.Context, progress func(release.Progress)) release.Outcome {
		for i := range 5000 {
			progress(release.Progress{Text: "dumping\x1b[2J", Done: int64(i), Total: 5000, Lines: []string{fmt.Sprintf("line %d\x07", i)}})
		}
		<-told
		return release.Outcome{Kind: release.Accepted, Text: "12 MiB\x1b[2J"}
	}})
	e.start(change)
	p := event[release.Progressed](t, e).Progress
	if p.ID != "t-1" || p.Done != 4999 || len(p.Lines) != tailBound || strings.ContainsAny(p.Text+p.Lines[0], "\x1b\x07") {
		t.Errorf("%s %q %d of %d, %d lines, first %q", p.ID, p.Text, p.Done, p.Total, len(p.Lines), p.Lines[0])
	}
	close(told)
	if o := event[release.Done](t, e).Outcome; o.ID != "t-1" || o.Kind != release.Accepted || strings.Contains(o.Text, "\x1b") {
		t.Errorf("%+v", o)
	}
}

// A person's cancel reaches the task that runs here as such, and one that another process
// began by its performer.
func TestTaskIsStopped(t *testing.T) {
	e := performing(tasks{perform: untilEnded})
	e.start(change)
	e.stop(change)
	if o := event[release.Done](t, e).Outcome; o.Text != release.ErrCancelled.Error() {
		t.Errorf("%+v", o)
	}
	e = performing(tasks{})
	e.stop(change)
	if o := event[release.Done](t, e).Outcome; o.ID != "t-1" || o.Kind != release.Cancelled {
		t.Errorf("%+v", o)
	}
}

// Leaving is told apart from cancelling: what can go on without the console may.
func TestTaskIsToldOfLeaving(t *testing.T) {
	e := performing(tasks{perform: untilEnded})
	e.start(change)
	if patience := e.leave(); patience < leaveTasks || patience > time.Minute {
		t.Errorf("leaving takes %s", patience)
	}
	if o := event[release.Done](t, e).Outcome; o.Text != release.ErrLeaving.Error() {
		t.Errorf("%+v", o)
	}
}

func untilEnded(ctx context.Context, _ func(release.Progress)) release.Outcome {
	<-ctx.Done()
	return release.Outcome{Kind: release.Lost, Text: context.Cause(ctx).Error()}
}

func TestTaskIsLookedFor(t *testing.T) {
	e := performing(tasks{looks: release.Look{Is: release.Stands, Text: "there\x1b[2J"}})
	e.ctx = t.Context()
	e.find(change)
	if f := event[release.Found](t, e); f.ID != "t-1" || f.Look.Is != release.Stands || strings.Contains(f.Look.Text, "\x1b") {
		t.Errorf("%+v", f)
	}
}

// An operation that nobody here performs is refused, and nothing is sent.
func TestNobodyPerforms(t *testing.T) {
	e := New(Options{})
	e.start(change)
	if o := event[release.Done](t, e).Outcome; o.Kind != release.Denied || !strings.Contains(o.Text, "away") {
		t.Errorf("%+v", o)
	}
}
