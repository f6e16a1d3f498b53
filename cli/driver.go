package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
)

// driver runs an engine without a screen: every line of activity is one line
// of output, and a command decides at each frame what to ask for next.
type driver struct {
	engine *engine.Engine
	out    io.Writer
	lines  int // the last one printed
	frame  release.Frame

	asked   bool // a wish was sent and neither taken nor refused yet
	seq     int  // the record's, and its id, when it was sent
	id      string
	refused release.Refused // the last refusal, for the command to look at
}

func newDriver(cmd *cobra.Command, e *engine.Engine) *driver {
	return &driver{engine: e, out: cmd.OutOrStdout()}
}

// run runs the engine until decide says that it is over, or ctx ends. decide is
// called with every frame; it must not block.
func (d *driver) run(ctx context.Context, decide func(release.Frame) (done bool, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { d.engine.Run(ctx); close(ended) }()
	defer func() {
		cancel()
		<-ended
		d.flush()
	}()
	for {
		select {
		case <-ctx.Done():
			return fail(exitUnfinished, "interrupted: %s", release.HeadlineOf(d.frame.Plan, d.frame.State, d.frame.Now).Strong)
		case r := <-d.engine.Answers():
			d.asked, d.refused = false, r
		case f := <-d.engine.Frames():
			d.take(f)
		}
		if d.frame.Now.IsZero() {
			continue
		}
		if done, err := decide(d.frame); done || err != nil {
			return err
		}
	}
}

// flush prints what the engine said while it ended.
func (d *driver) flush() {
	select {
	case f := <-d.engine.Frames():
		d.take(f)
	default:
	}
}

func (d *driver) take(f release.Frame) {
	d.frame = f
	if d.asked && (f.State.Seq != d.seq || f.State.ID != d.id) {
		d.asked = false
	}
	for _, line := range f.Activity {
		if line.Seq > d.lines {
			d.lines = line.Seq
			fmt.Fprintln(d.out, plainLine(line))
		}
	}
}

// ask sends a wish, unless one is on its way already.
func (d *driver) ask(c release.Choice, intent release.Intent) {
	if d.asked {
		return
	}
	d.asked, d.refused = true, release.Refused{}
	d.seq, d.id = d.frame.State.Seq, d.frame.State.ID
	d.engine.Submit(intent, c.Seen)
}

// choice finds what may be said about an intent now.
func choice(f release.Frame, kind release.IntentKind, item string) release.Choice {
	for _, c := range f.Choices {
		if c.Kind == kind && c.Item == item {
			return c
		}
	}
	return release.Choice{Kind: kind, Why: "not known yet"}
}

// plainLine writes one event: time, who, state if it is not plain, what.
func plainLine(line release.Line) string {
	mark := ""
	switch line.Mark {
	case release.MarkFail:
		mark = "FAIL "
	case release.MarkAttention:
		mark = "! "
	case release.MarkUnknown:
		mark = "? "
	}
	return fmt.Sprintf("%s %-8s %s%s", line.At.Format(time.TimeOnly), line.By.Name, mark, line.Text)
}

// unreachable says why nothing can be known, once the cluster has not answered
// for as long as a command waits.
func unreachable(f release.Frame, since time.Time, patience time.Duration) error {
	w := f.State.View.Workload
	if !w.At.IsZero() || f.Now.Sub(since) < patience {
		return nil
	}
	why := f.State.View.Links[release.Kubernetes].Err
	if why == "" {
		why = "no answer"
	}
	return fail(exitError, "API server of %s not reached in %s: %s", f.Plan.Cluster, patience, why)
}
