package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

func newStatus(f *flags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "status", Short: "Say what is true now: release, rollout, figures, checklist", Args: cobra.NoArgs,
		RunE: printing(func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			s, err := reach(cmd, f)
			if err != nil {
				return err
			}
			state, err := s.now(cmd.Context())
			if err != nil {
				return err
			}
			r := newReport(s.plan, state, s.last(), time.Now())
			for _, entry := range s.unreadable() {
				r.Remarks = append(r.Remarks, entry.Tells[0].Text)
			}
			return printAs(cmd, output, r)
		}),
	}
	addOutput(cmd, &output)
	return cmd
}

// look reads the workload once. A Deployment that does not exist is an error
// that names those that do.
func (s *session) look(ctx context.Context) (release.Workload, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w, err := s.cluster.Snapshot(ctx)
	if err != nil {
		return w, &exit{exitError, err}
	}
	if !w.Found {
		names, _ := s.cluster.Deployments(ctx)
		return w, fail(exitError, "deployment/%s does not exist in %s / %s; it has: %s", s.plan.Deployment, s.plan.Cluster, s.plan.Namespace, orElse(fmt.Sprint(names), "none"))
	}
	return w, nil
}

// now is the state as the journal and one look at the outside tell it: of the
// release that is unfinished, or of none. Nothing is decided or written: what the
// looks lead to is left to whoever drives.
func (s *session) now(ctx context.Context) (release.State, error) {
	var state release.State
	w, err := s.look(ctx)
	if err != nil {
		return state, err
	}
	if record := s.unfinished(); record.ID != "" {
		state, _ = release.Step(s.plan, state, time.Now(), release.Recorded{Record: record, Elsewhere: true})
	}
	if why := s.plan.Misses(state.Record); why != "" {
		return state, fail(exitUsage, "%s", why)
	}
	state.View.Workload = w
	state.View.Links = map[release.Source]release.Link{release.Kubernetes: {OK: true, Last: w.At, Since: w.At}}
	asked, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	state.View.Samples = map[release.MetricName]release.Sample{}
	for _, sample := range s.metrics.Sample(asked) {
		state.View.Samples[sample.Metric] = sample
	}
	if s.plan.Canary != nil {
		s.lookAside(ctx, &state)
	}
	return state, nil
}

// lookAside looks once at the canary, at the split and, while they are compared,
// at the figures of both versions. What does not come in time stays unknown.
func (s *session) lookAside(ctx context.Context, state *release.State) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	events := make(chan release.Event)
	emit := func(e release.Event) {
		select {
		case events <- e:
		case <-ctx.Done():
		}
	}
	go s.cluster.Watch(ctx, emit)
	compares := release.Compares(s.plan, state.Record)
	if compares.On {
		s.metrics.Compare(compares)
		go s.metrics.Watch(ctx, emit, func(map[release.MetricName][]release.Point) {})
	}
	gather(ctx, s.plan, compares.On, events, state)
}

// gather takes what is looked at until each has been seen, or is known not to be seen.
func gather(ctx context.Context, plan release.Plan, compares bool, events <-chan release.Event, state *release.State) {
	canary, split, pairs := false, plan.Canary.Route == "", !compares
	for !canary || !split || !pairs {
		select {
		case <-ctx.Done():
			return
		case event := <-events:
			switch e := event.(type) {
			case release.ObservedCanary:
				state.View.Canary, state.View.CanaryErr, canary = e.Workload, "", true
			case release.LostCanary:
				state.View.CanaryErr, canary = e.Err, true
			case release.ObservedSplit:
				state.View.Split, split = e.Split, true
			case release.Linked:
				if e.Source == release.Prometheus && !e.Link.OK {
					state.View.Links[e.Source], pairs = e.Link, true
				}
			case release.Compared:
				pairs = true
				state.View.Judged.Pairs = map[release.MetricName]release.Pair{}
				for _, p := range e.Pairs {
					state.View.Judged.Pairs[p.Metric] = p
				}
			}
		}
	}
}

// unfinished is the record that somebody still has to do something about, or an
// empty one. Records that cannot be read are among the remarks.
func (s *session) unfinished() release.Record {
	past, found, err := s.store.Unfinished()
	if err != nil || !found {
		return release.Record{}
	}
	return past.Record
}

// last is the newest release or undo of this environment, finished or not. A
// mere pause is none.
func (s *session) last() *release.Record {
	list, err := s.store.List()
	if err != nil {
		return nil
	}
	for _, past := range list {
		if past.Err == "" && past.Foreign == "" && past.Record.Phase != release.Idle {
			return &past.Record
		}
	}
	return nil
}
