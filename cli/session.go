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
		Deployment: env.Deployment, Container: env.Container, Canary: canaryOf(env.Canary),
	})
	if err != nil {
		return nil, &exit{exitUsage, ofEnvironment(env.Name, err)}
	}
	s.plan.Cluster, s.plan.Namespace = s.cluster.Cluster(), s.cluster.Namespace()
	s.plan.InCluster, s.plan.Kubeconfig = s.cluster.OwnAccount(), c.Kubeconfig
	token, err := env.Prometheus.Token()
	if err != nil {
		return nil, &exit{exitUsage, err}
	}
	s.metrics, err = metrics.New(metrics.Options{
		URL: env.Prometheus.URL, Token: token, Specs: env.Metrics.Specs,
		Every: env.Metrics.Every, Window: env.Metrics.Window, Stale: env.Metrics.Stale, Versus: versusOf(env.Metrics.Versus), Aside: !plan.ByCanary(),
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

// ofEnvironment names the environment where the file that a key of it names is
// what is wrong: another one may have a manifest too.
func ofEnvironment(name string, err error) error {
	var manifest *kube.ManifestError
	if errors.As(err, &manifest) {
		return fmt.Errorf("environment %s: %w", name, err)
	}
	return err
}

// canaryOf says to the cluster what the configuration says of canary releases.
func canaryOf(c *config.Canary) *kube.Canary {
	if c == nil {
		return nil
	}
	kinds := map[string]kube.TrafficKind{config.Istio: kube.VirtualService, config.GatewayAPI: kube.HTTPRoute}
	t := c.Traffic
	return &kube.Canary{Deployment: c.Canary, Aside: c.Aside, Manifest: c.Manifest, Traffic: kube.Traffic{
		Kind: kinds[t.Kind], Name: t.Name, Namespace: t.Namespace, Route: t.Route,
		Stable: t.Stable, Canary: t.Canary, StableSubset: t.StableSubset, CanarySubset: t.CanarySubset,
	}}
}

// versusOf says to Prometheus what is compared.
func versusOf(all []config.Versus) []metrics.Versus {
	out := make([]metrics.Versus, len(all))
	for i, v := range all {
		out[i] = metrics.Versus(v)
	}
	return out
}

// engineOptions are those of an engine that has nothing to continue.
func (s *session) engineOptions() engine.Options {
	s.plan.Undone = s.undone()
	return engine.Options{
		Plan: s.plan, Cluster: s.cluster, Metrics: s.metrics, Journals: records{s.store},
		Prober: checklist.New(s.plan, s.metrics, time.Now), Local: localAccount(),
	}
}

// pickUp gives the options of an engine that continues the unfinished release
// of this environment, if there is one and no other process drives it.
func (s *session) pickUp() (engine.Options, error) {
	o := s.engineOptions()
	o.Entries = s.unreadable()
	past, unfinished, err := s.store.Unfinished()
	if err != nil {
		return o, &exit{exitError, err}
	}
	if !unfinished {
		return o, nil
	}
	if why := s.plan.Misses(past.Record); why != "" {
		return o, fail(exitUsage, "%s", why)
	}
	j, entries, dropped, err := s.store.Reopen(past.ID)
	var held *journal.HeldError
	switch {
	case errors.As(err, &held):
		o.Plan.Driven = records{s.store}.Driven()
		return o, nil
	case err != nil:
		return o, &exit{exitError, err}
	}
	o.Entries = append(o.Entries, entries...)
	o.Journal, o.State.Record = j, entries[len(entries)-1].Record
	if text := dropped.String(); text != "" {
		o.Entries = append(o.Entries, remark(text))
	}
	return o, nil
}

// pickUpAnyway is pickUp for what a record that cannot be opened must not stand
// against: looking, and undoing. No release begins beside that record.
func (s *session) pickUpAnyway() engine.Options {
	o, err := s.pickUp()
	if err != nil {
		o.Plan.Driven = records{s.store}.Driven()
		o.Entries = append(o.Entries, remark(err.Error()))
	}
	return o
}

// watching gives the options of an engine that only looks. It leaves an
// unfinished release to whoever continues it, and says that there is one.
func (s *session) watching() engine.Options {
	o := s.engineOptions()
	o.Plan.Driven = records{s.store}.Driven()
	o.Entries = s.unreadable()
	return o
}

// undone says which pod templates were rolled back in earlier releases.
func (s *session) undone() map[string]string {
	list, err := s.store.List()
	if err != nil {
		return nil
	}
	undone := map[string]string{}
	for _, past := range list {
		template, why, ok := past.Record.Undone()
		if _, newer := undone[template]; ok && !newer {
			undone[template] = why
		}
	}
	return undone
}

// unreadable tells of records that cannot be read: one of them may be of a
// release that somebody left unfinished.
func (s *session) unreadable() []release.Entry {
	list, err := s.store.List()
	if err != nil {
		return nil
	}
	var remarks []release.Entry
	for _, past := range list {
		if past.Err != "" {
			remarks = append(remarks, remark(fmt.Sprintf("record %s cannot be read: %s", past.ID, past.Err)))
		}
	}
	return remarks
}

// remark is a line for the log that belongs to no record.
func remark(text string) release.Entry {
	return release.Entry{Tells: []release.Line{{At: time.Now(), By: release.Itself, Mark: release.MarkAttention, Text: text}}}
}

// records fits the store to what the engine wants of it.
type records struct{ store *journal.Store }

func (r records) Create(id string, sole bool) (engine.Journal, error) {
	create := r.store.Create
	if sole {
		create = r.store.Begin
	}
	j, err := create(id)
	if err != nil {
		return nil, err
	}
	return j, nil
}

// Driven says who else holds an unfinished release, or "". What cannot be read
// holds nothing up: a release that begins looks again.
func (r records) Driven() string {
	past, unfinished, err := r.store.Unfinished()
	if err != nil || !unfinished {
		return ""
	}
	what := fmt.Sprintf("the release of %s by %s", past.Record.To.Version, past.Record.By.Name)
	switch past.Driver {
	case os.Getpid():
		return ""
	case 0:
		return what + " was left unfinished: leave and start slipway again to continue it"
	case -1:
		return what + " is driven by another process; undo is yours all the same"
	default:
		return fmt.Sprintf("%s is driven by process %d; undo is yours all the same", what, past.Driver)
	}
}

// localAccount is who sits at this machine: "eng-a@host".
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
