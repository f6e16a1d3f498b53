package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/checklist"
	"datahub.io/slipway/command"
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
	s.plan.ClusterID = s.cluster.ID()
	s.plan.ClusterID.UID = journal.Remembered(c.StateDir, s.plan.ClusterID.Server)
	s.cluster.Expect("", s.remember)
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
	s.store.Foreign = func(r release.Record) string { return s.plan.Foreign(r) }
	return s, nil
}

// reach opens a session for a command that acts, or says what is true: it knows
// which cluster it speaks to.
func reach(cmd *cobra.Command, f *flags) (*session, error) {
	s, err := open(cmd, f)
	if err == nil {
		s.identify(cmd.Context())
	}
	return s, err
}

// identify asks the cluster which one it is, so that a record is known to be of it
// before it is picked up. Where it does not say so in time, what was remembered
// counts, and is looked at again before anything is done.
func (s *session) identify(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, introduction)
	defer cancel()
	if uid, err := s.cluster.Identify(ctx); err == nil && uid != "" {
		s.plan.ClusterID.UID = uid
		s.remember(uid)
	}
}

// remember keeps which cluster answers at this address. Where it cannot be kept,
// the next start asks again.
func (s *session) remember(uid string) {
	_ = journal.Remember(s.config.StateDir, s.plan.ClusterID.Server, uid)
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
	o := engine.Options{
		Plan: s.plan, Cluster: s.cluster, Metrics: s.metrics, Journals: records{s.store},
		Windows:    s.env.Schedule.Windows,
		Performers: performers(s.config.StateDir),
		Prober:     checklist.New(checklist.Options{Plan: s.plan, Peaks: s.metrics, Ground: s.cluster, Approvals: s.cluster}), Local: localAccount(),
	}
	o.State.View.Undone, o.State.View.Before = s.undone(), s.before()
	return o
}

// performers are who performs the actions of the checklist.
func performers(stateDir string) map[release.OpKind]engine.Performer {
	return map[release.OpKind]engine.Performer{
		release.OpRunCommand: command.Performer{Dir: filepath.Join(stateDir, "output")},
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
	if why := s.plan.Disagrees(past.Record); why != "" {
		return o, fail(exitError, "the record %s of %s is not used: %s; undo the change that made them differ, or move the record away", past.ID, past.Record.By.Name, why)
	}
	j, entries, dropped, err := s.store.Reopen(past.ID)
	var held *journal.HeldError
	switch {
	case errors.As(err, &held):
		o.State.View.Driver = records{s.store}.Driver()
		return o, nil
	case err != nil:
		return o, &exit{exitError, err}
	}
	o.Entries = append(o.Entries, entries...)
	o.Journal, o.State.Record = j, entries[len(entries)-1].Record
	s.cluster.Expect(o.State.ClusterID.UID, s.remember)
	s.holdPlanned(&o)
	if text := dropped.String(); text != "" {
		o.Entries = append(o.Entries, remark(text))
	}
	return o, nil
}

// holdPlanned holds the planned release that goes on after the record that is picked up.
// Where its record is not there, or somebody else holds it, nothing goes on after it.
func (s *session) holdPlanned(o *engine.Options) {
	planned := o.State.Resumes
	if planned == nil {
		return
	}
	j, _, _, err := s.store.Reopen(planned.ID)
	if err != nil {
		o.State.Resumes = nil
		o.Entries = append(o.Entries, remark(fmt.Sprintf("the planned release of %s is not taken up again after this: %v", planned.To.Version, err)))
		return
	}
	o.Planned = j
}

// pickUpAnyway is pickUp for what a record that cannot be opened must not stand
// against: looking, and undoing. No release begins beside that record.
func (s *session) pickUpAnyway() engine.Options {
	o, err := s.pickUp()
	if err != nil {
		o.State.View.Driver = records{s.store}.Driver()
		o.Entries = append(o.Entries, remark(err.Error()))
	}
	return o
}

// watching gives the options of an engine that only looks. It leaves an
// unfinished release to whoever continues it, and says that there is one.
func (s *session) watching() engine.Options {
	o := s.engineOptions()
	o.State.View.Driver = records{s.store}.Driver()
	o.Entries = s.unreadable()
	return o
}

// undone says which pod templates were rolled back in earlier releases.
func (s *session) undone() map[string]string {
	list, err := s.store.List()
	if err != nil {
		return nil
	}
	undone, known := map[string]string{}, map[string]bool{}
	for _, past := range list { // newest first: the last word on a template counts
		if past.Foreign != "" {
			continue
		}
		r := past.Record
		template, why, ok := r.Undone()
		switch {
		case ok && !known[template]:
			undone[template], known[template] = why, true
		case r.Phase == release.Released:
			known[r.To.Template] = true
		}
	}
	return undone
}

// before is what ran before the last release here, as its record tells: the last word
// on what runs, so one that was undone tells nothing. One that changed nothing is passed over.
func (s *session) before() release.Before {
	list, err := s.store.List()
	if err != nil {
		return release.Before{}
	}
	for _, past := range list {
		if r := past.Record; past.Foreign == "" && r.To.Template != "" && !r.Unchanged() {
			return s.plan.BeforeIt(r)
		}
	}
	return release.Before{}
}

// unreadable tells of records that cannot be read, of which one may be of a
// release that somebody left unfinished, and of unfinished ones of something else.
// The records of another slipway are counted: nobody can do anything about each.
func (s *session) unreadable() []release.Entry {
	list, err := s.store.List()
	if err != nil {
		return []release.Entry{remark(err.Error())}
	}
	var remarks []release.Entry
	formats := map[int]int{}
	for _, past := range list {
		switch {
		case past.Format != 0 && !past.Suspect:
			formats[past.Format]++
		case past.Err != "":
			remarks = append(remarks, remark(fmt.Sprintf("record %s cannot be read: %s", past.ID, past.Err)))
		case past.Foreign != "" && past.Unfinished():
			remarks = append(remarks, remark(fmt.Sprintf("the unfinished release of %s by %s is of %s, and left alone here", past.Record.To.Version, past.Record.By.Name, past.Foreign)))
		}
	}
	for _, format := range slices.Sorted(maps.Keys(formats)) {
		remarks = append(remarks, remark(fmt.Sprintf("%s of another slipway not read: format %d; this one reads up to %d",
			counted(formats[format], "record"), format, release.RecordFormat)))
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
	var unfinished *journal.UnfinishedError
	var held *journal.HeldError
	switch {
	case errors.As(err, &unfinished):
		return nil, &release.DrivenError{Driver: driverOf(unfinished.Past)}
	case sole && errors.As(err, &held):
		return nil, &release.DrivenError{}
	case err != nil:
		return nil, err
	}
	return j, nil
}

// Driver is who else leads an unfinished release, or left one; nil: nobody. What cannot
// be read holds nothing up: a release that begins looks again.
func (r records) Driver() *release.Driver {
	past, unfinished, err := r.store.Unfinished()
	if err != nil || !unfinished || past.Driver != nil && past.Driver.Self {
		return nil
	}
	return driverOf(past)
}

// driverOf is who leads an unfinished release, or left it.
func driverOf(past journal.Past) *release.Driver {
	d := &release.Driver{Name: past.Record.By.Name, Version: past.Record.To.Version, Since: past.Record.Began, Renewed: past.At, Left: past.Driver == nil}
	if by := past.Driver; by != nil {
		d.Host, d.Local = by.Host, by.Local()
	}
	return d
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

// counted is a number of things: "1 record", "3 records".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
