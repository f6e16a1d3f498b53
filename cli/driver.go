package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/engine"
	"datahub.io/slipway/release"
)

// patience is how long a command waits for the first answer of a cluster, and
// introduction how long for it to say who is asking.
const (
	patience     = 20 * time.Second
	introduction = 3 * time.Second
)

// driver runs an engine without a screen: every line of activity is one line
// of output, and a command decides at each frame what to ask for next.
type driver struct {
	engine  *engine.Engine
	in      *bufio.Reader
	out     io.Writer
	outlet  *outlet // what out is
	began   time.Time
	timeout time.Duration // of the whole command, unless it only watches
	watch   bool          // until it is interrupted, whatever is seen
	lines   int           // the last one printed
	waiting bool          // it has been said what is waited for
	frame   release.Frame

	wish    string          // sent, and neither taken nor refused yet
	taken   string          // the last one that was taken
	refused release.Refused // the last refusal, until the command has looked at it
	shown   *release.Choice // what the question at the terminal is about, if one stands
	typed   chan string     // its answer, as it comes
	answer  *string         // and as it is to be looked at
}

// drive runs an engine until decide says that it is over, ctx ends, or timeout
// has passed. decide is called with every frame once the workload was seen; it
// must not block.
func drive(cmd *cobra.Command, o engine.Options, timeout time.Duration, decide func(*driver, release.Frame) (done bool, err error)) error {
	d := newDriver(cmd, o)
	d.timeout = timeout
	return d.run(cmd, decide)
}

// watch runs an engine until it is interrupted, which is no error.
func watch(cmd *cobra.Command, o engine.Options) error {
	d := newDriver(cmd, o)
	d.watch = true
	err := d.run(cmd, func(*driver, release.Frame) (bool, error) { return false, nil })
	if cmd.Context().Err() != nil {
		return nil
	}
	return err
}

func newDriver(cmd *cobra.Command, o engine.Options) *driver {
	out := newOutlet(cmd.OutOrStdout())
	return &driver{
		engine: engine.New(o), in: bufio.NewReader(cmd.InOrStdin()), out: out, outlet: out,
		began: time.Now(), typed: make(chan string, 1),
	}
}

// checkTimeout refuses a wait that would never begin.
func checkTimeout(timeout time.Duration) error {
	if timeout <= 0 {
		return fail(exitUsage, "--timeout: found %s; accepted: a duration above 0, such as 10m", timeout)
	}
	return nil
}

func (d *driver) run(cmd *cobra.Command, decide func(*driver, release.Frame) (done bool, err error)) error {
	drives(cmd.Context(), nil)
	ctx, cancel := context.WithCancel(cmd.Context())
	ended := make(chan struct{})
	go func() { d.engine.Run(ctx); close(ended) }()
	defer func() {
		cancel()
		<-ended
		d.flush()
		d.outlet.close()
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var gone, hung <-chan struct{} // a change goes on without a reader and a terminal, mere watching does not
	if d.watch {
		gone, hung = d.outlet.gone, hungUp(cmd.Context())
	}
	for {
		select {
		case <-gone:
			return &exit{exitError, errors.New("")}
		case <-hung:
			return fail(exitError, "the terminal hung up")
		case <-ctx.Done():
			return fail(exitUnfinished, "interrupted: %s", d.headline())
		case r := <-d.engine.Answers():
			if r.ID == d.wish {
				d.wish, d.refused = "", r
			}
		case f := <-d.engine.Frames():
			d.take(f)
		case line := <-d.typed:
			d.answer = &line
		case <-tick.C:
		}
		if done, err := d.look(decide); done || err != nil {
			return err
		}
	}
}

// look asks decide, unless there is nothing to decide on yet, or never will be.
func (d *driver) look(decide func(*driver, release.Frame) (bool, error)) (bool, error) {
	f, waited := d.frame, time.Since(d.began)
	w := f.State.View.Workload
	switch {
	case f.Now.IsZero():
		return false, nil
	case !d.watch && waited > d.timeout:
		return true, fail(exitUnfinished, "not finished after %s: %s", d.timeout, release.StandsAt(f.Plan, f.State, f.Now))
	case w.At.IsZero() && !d.watch && waited > patience:
		why := f.State.View.Links[release.Kubernetes].Err
		return true, fail(exitError, "API server of %s not reached in %s: %s", f.Plan.Cluster, patience, orElse(why, "no answer"))
	case w.At.IsZero():
		return false, nil
	case !w.Found && !d.watch:
		return true, fail(exitError, "%s", d.headline())
	}
	return decide(d, f)
}

func (d *driver) headline() string {
	return release.HeadlineOf(d.frame.Plan, d.frame.State, d.frame.Now).Strong
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
	if d.wish != "" && f.State.View.Taken == d.wish {
		d.wish, d.taken = "", d.wish
	}
	if ended := f.State.View.Ended; ended != nil && ended.ID == d.taken {
		d.frame.State.Record = *ended // it is what this command is about, not what comes back after it
	}
	for _, line := range f.Activity {
		if line.Seq > d.lines {
			d.lines = line.Seq
			fmt.Fprintln(d.out, plainLine(line))
		}
	}
}

// ready tells whether a wish can be sent now: none is on its way, and the API
// server has said who is asking, or has had the time to.
func (d *driver) ready() bool {
	return d.wish == "" && (d.frame.Identified || time.Since(d.began) >= introduction)
}

// glimpsed tells whether what divides the traffic has been read once, or has had the time
// to be: a preview that was made before says less than is known a moment later.
func (d *driver) glimpsed() bool {
	canary, split := d.frame.Plan.Canary, d.frame.State.View.Split
	return canary == nil || canary.Route == "" || !split.At.IsZero() || split.Err != "" || time.Since(d.began) >= introduction
}

// ask sends a wish, if one can be sent now, and tells whether it was.
func (d *driver) ask(c release.Choice, intent release.Intent) bool {
	if !d.ready() {
		return false
	}
	d.refused = release.Refused{}
	d.wish = d.engine.Submit(intent, c.Seen)
	return true
}

// waits says what is waited for, when it is not this run's own change: once until that
// is over, for how long it takes still, or has taken, is another reason each second.
func (d *driver) waits(why release.Refusal) {
	if d.waiting || d.frame.State.Pending != nil {
		return
	}
	d.waiting = true
	fmt.Fprintln(d.out, "waits: "+why.String())
}

// waited says that what was waited for is there.
func (d *driver) waited() { d.waiting = false }

// refusal gives the refusal that was not looked at yet, if any.
func (d *driver) refusal() (release.Refused, bool) {
	r := d.refused
	d.refused = release.Refused{}
	return r, !r.Refusal.None()
}

// confirm asks the person at the terminal, once, and keeps nothing waiting for
// them; ok is false until they have answered. What they confirm is the choice
// as it was shown, whatever has become of it.
func (d *driver) confirm(c release.Choice, question string) (shown release.Choice, typed string, ok bool) {
	if d.shown == nil {
		d.shown = &c
		fmt.Fprint(d.out, question)
		go func() {
			line, _ := d.in.ReadString('\n')
			d.typed <- strings.TrimSpace(line)
		}()
	}
	if d.answer == nil {
		return c, "", false
	}
	shown, typed = *d.shown, *d.answer
	d.shown, d.answer = nil, nil
	return shown, typed, true
}

// choice finds what may be said about an intent now.
func choice(f release.Frame, kind release.IntentKind, item string) release.Choice {
	for _, c := range f.Choices {
		if c.Kind == kind && c.Item == item {
			return c
		}
	}
	return release.Choice{Kind: kind}.Refuse(release.RefusedUnknown, "not possible")
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

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
