package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"

	"datahub.io/slipway/release"
)

// Bounds of what a frame carries.
const (
	maxActivity = 2000 // lines
	maxLog      = 2000 // lines of a pod's log
)

// mailbox holds the latest value: putting never blocks, and replaces what
// nobody has taken.
type mailbox[T any] struct{ out chan T }

func newMailbox[T any]() *mailbox[T] { return &mailbox[T]{make(chan T, 1)} }

// put is for one sender only.
func (m *mailbox[T]) put(v T) {
	select {
	case <-m.out:
	default:
	}
	m.out <- v
}

// publish puts the latest frame into the mailbox.
func (e *Engine) publish() {
	now := e.opts.Clock()
	e.frames.put(release.Frame{
		Now: now, Plan: e.opts.Plan, State: e.state, Series: e.series,
		Choices:  release.Allowed(e.opts.Plan, e.state, now),
		Activity: slices.Clip(e.activity),
		User:     e.user, Identified: e.identified,
		Logs: e.logs,
	})
}

// log adds a line of activity. Frames share the slice: it only grows, and is
// copied when its oldest lines are dropped.
func (e *Engine) log(line release.Line) {
	e.lines++
	line.Seq = e.lines
	if len(e.activity) >= maxActivity {
		e.activity = slices.Clone(e.activity[maxActivity/4:])
	}
	e.activity = append(e.activity, line)
}

// visible tells whether two looks differ in something that a frame shows, other
// than their age.
func visible(a, b release.Workload) bool {
	if a.ResourceVersion != b.ResourceVersion || a.Found != b.Found || len(a.Pods) != len(b.Pods) ||
		len(a.Causes) != len(b.Causes) || len(a.Events) != len(b.Events) || !a.UsageAt.Equal(b.UsageAt) {
		return true
	}
	return !slices.EqualFunc(a.Pods, b.Pods, func(p, q release.Pod) bool {
		return p.Name == q.Name && p.State == q.State && p.Reason == q.Reason && p.Restarts == q.Restarts
	}) || !slices.EqualFunc(a.Causes, b.Causes, func(c, d release.Cause) bool { return c.Text == d.Text && len(c.Pods) == len(d.Pods) })
}

// divided tells whether two looks at the split differ in something that a frame shows,
// other than their age.
func divided(a, b release.Split) bool {
	return a.At.IsZero() != b.At.IsZero() || a.Canary != b.Canary || a.Err != b.Err || !slices.Equal(a.Blocked, b.Blocked)
}

// followLog starts to follow a pod's log, and stops the one before.
func (e *Engine) followLog(pod string) {
	if e.stopLogs != nil {
		e.stopLogs()
		e.stopLogs = nil
	}
	e.logs = release.PodLog{Pod: pod}
	if pod == "" {
		return
	}
	ctx, cancel := context.WithCancel(e.ctx)
	e.stopLogs = cancel
	go func() {
		err := e.cluster.Logs(ctx, pod, func(line string) {
			select {
			case e.events <- logLine{pod, line}:
			case <-ctx.Done():
			}
		})
		if ctx.Err() == nil {
			e.post(logEnded{pod, err})
		}
	}()
}

func (e *Engine) addLog(m logLine) bool {
	if m.pod != e.logs.Pod {
		return false
	}
	if len(e.logs.Lines) >= maxLog {
		e.logs.Lines = slices.Clone(e.logs.Lines[maxLog/4:])
	}
	quiet := e.opts.Clock().Sub(e.logs.At) > 250*time.Millisecond
	e.logs.Lines = append(e.logs.Lines, m.line)
	e.logs.At = e.opts.Clock()
	return quiet
}

func (e *Engine) endLog(m logEnded) {
	if m.pod != e.logs.Pod {
		return
	}
	e.logs.Err = "the log ended"
	if m.err != nil {
		e.logs.Err = m.err.Error()
	}
}

// newID names a release or a change: its time, so that names sort, and enough
// chance that two consoles never agree on one.
func newID(now time.Time) string {
	var random [4]byte
	rand.Read(random[:])
	return now.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(random[:])
}
