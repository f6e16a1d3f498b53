package cli

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/checklist"
	"datahub.io/slipway/config"
	"datahub.io/slipway/engine"
	"datahub.io/slipway/journal"
	"datahub.io/slipway/kube"
	"datahub.io/slipway/metrics"
	"datahub.io/slipway/release"
)

// session is everything that a command needs of one environment. Opening it
// touches no network.
type session struct {
	config  *config.Config
	env     *config.Environment
	plan    release.Plan
	cluster *kube.Client
	metrics *metrics.Client
	store   *journal.Store
}

func open(cmd *cobra.Command, f *flags) (*session, error) {
	c, err := config.Load(config.Options{Path: f.config, Flags: cmd.Flags()})
	if err != nil {
		return nil, &exit{exitUsage, err}
	}
	env, err := c.Environment(f.env)
	if err != nil {
		return nil, &exit{exitUsage, err}
	}
	plan, err := c.Plan(env.Name)
	if err != nil {
		return nil, &exit{exitUsage, err}
	}
	s := &session{config: c, env: env, plan: plan}
	s.cluster, err = kube.Connect(kube.Options{
		Kubeconfig: c.Kubeconfig, Context: env.Context, Namespace: env.Namespace,
		Deployment: env.Deployment, Container: env.Container,
	})
	if err != nil {
		return nil, &exit{exitUsage, err}
	}
	s.plan.Cluster, s.plan.Namespace = s.cluster.Cluster(), s.cluster.Namespace()
	token, err := env.Prometheus.Token()
	if err != nil {
		return nil, &exit{exitUsage, err}
	}
	s.metrics, err = metrics.New(metrics.Options{
		URL: env.Prometheus.URL, Token: token, Specs: env.Metrics.Specs,
		Every: env.Metrics.Every, Window: env.Metrics.Window, Stale: env.Metrics.Stale,
	})
	if err != nil {
		return nil, &exit{exitUsage, err}
	}
	s.store, err = journal.Open(c.StateDir, c.Service, env.Name)
	if err != nil {
		return nil, &exit{exitError, err}
	}
	return s, nil
}

// pickUp gives the options of an engine that continues the unfinished release
// of this environment, if there is one and no other process drives it.
func (s *session) pickUp() (engine.Options, error) {
	o := engine.Options{
		Plan: s.plan, Cluster: s.cluster, Metrics: s.metrics, Journals: records{s.store},
		Prober: checklist.New(s.plan, s.metrics, time.Now), Local: localAccount(),
	}
	past, unfinished, err := s.store.Unfinished()
	if err != nil {
		return o, &exit{exitError, err}
	}
	if !unfinished {
		return o, nil
	}
	j, entries, dropped, err := s.store.Reopen(past.ID)
	var held *journal.HeldError
	switch {
	case errors.As(err, &held):
		o.Plan.Driven = fmt.Sprintf("%s (process %d)", past.Record.By.Name, held.PID)
		return o, nil
	case err != nil:
		return o, &exit{exitError, err}
	}
	o.Journal, o.Entries, o.State.Record = j, entries, entries[len(entries)-1].Record
	if text := dropped.String(); text != "" {
		o.Entries = append(o.Entries, release.Entry{Tells: []release.Line{{
			At: time.Now(), By: release.Itself, Mark: release.MarkAttention, Text: text,
		}}})
	}
	return o, nil
}

// records fits the store to what the engine wants of it.
type records struct{ store *journal.Store }

func (r records) Create(id string) (engine.Journal, error) {
	j, err := r.store.Create(id)
	if err != nil {
		return nil, err
	}
	return j, nil
}

func (r records) Reopen(id string) (engine.Journal, int, error) {
	j, entries, _, err := r.store.Reopen(id)
	if err != nil {
		return nil, 0, err
	}
	seq := 0
	if n := len(entries); n > 0 {
		seq = entries[n-1].Seq
	}
	return j, seq, nil
}

// localAccount is who sits at this machine: "anna@laptop".
func localAccount() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return name + "@" + host
}
