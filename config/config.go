package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"datahub.io/slipway/release"
)

// workloadStale is how long the API server may be silent before the workload is
// stale. It is asked every 2 s.
const workloadStale = 10 * time.Second

// Config is a whole, valid configuration.
type Config struct {
	File         string // where it was read from
	Service      string
	Image        string // repository without tag
	StateDir     string
	Kubeconfig   string        // empty: KUBECONFIG or ~/.kube/config
	Environments []Environment // in the file's order; at least one
	chosen       string        // SLIPWAY_ENV or --env
}

// Environment is one place that the service runs in, with everything that it
// does not say itself filled in from the rest of the file.
type Environment struct {
	Name       string
	Context    string
	Namespace  string
	Deployment string // of a canary environment: stable's
	Container  string
	Containers []string // that get the version too, init containers among them
	Protected  bool
	Prometheus Endpoint
	Metrics    Metrics
	Rollback   release.Rollback
	Hangup     release.Hangups
	Items      []release.ItemSpec
	GitHub     release.GitHubCheck // what its items of type github have in common
	Schedule   Schedule            // when changes may be made
	Canary     *Canary             // how canary releases go; nil: releases are rolling updates
	wrong      Errors              // what stands against this environment's releases alone
}

// Endpoint is where Prometheus answers.
type Endpoint struct {
	URL      string
	TokenEnv string // the variable that holds a bearer token, or empty
}

// Token gives the bearer token, empty when none is configured.
func (e Endpoint) Token() (string, error) {
	if e.TokenEnv == "" {
		return "", nil
	}
	if token := os.Getenv(e.TokenEnv); token != "" {
		return token, nil
	}
	return "", fmt.Errorf("prometheusTokenEnv: found nothing in the variable %s; accepted: a bearer token", e.TokenEnv)
}

// Metrics is what to ask Prometheus for, and how often.
type Metrics struct {
	Window time.Duration // the {window} of the queries
	Every  time.Duration // between rounds of queries
	Stale  time.Duration // how old a sample may be and still decide anything
	Least  int           // requests in Window below which error rate and latency say nothing
	Specs  []release.MetricSpec
	Versus []Versus // of a canary environment, one for each of Specs; otherwise none
}

// Versus is one metric's query for each version of a canary release, with
// everything filled in except {version}: which versions there are is known when
// they are compared.
type Versus struct {
	Metric         release.MetricName
	Canary, Stable string // PromQL
	Trial          bool   // the statistical judge looks at it
}

// Environment gives the environment of that name. An empty name means the one
// that SLIPWAY_ENV or --env chose, or the only one. Its error is an Errors where
// the environment cannot release in the way that is asked for.
func (c *Config) Environment(name string) (*Environment, error) {
	if name == "" {
		name = c.chosen
	}
	if name == "" && len(c.Environments) == 1 {
		name = c.Environments[0].Name
	}
	i := slices.IndexFunc(c.Environments, func(e Environment) bool { return e.Name == name })
	switch {
	case name == "":
		return nil, fmt.Errorf("which environment: say --env, one of %s", c.names())
	case i < 0:
		return nil, fmt.Errorf("environment: found %q; accepted: %s", name, c.names())
	case len(c.Environments[i].wrong) > 0:
		return nil, c.Environments[i].wrong.sorted()
	}
	return &c.Environments[i], nil
}

func (c *Config) names() string {
	all := make([]string, len(c.Environments))
	for i, e := range c.Environments {
		all[i] = e.Name
	}
	return strings.Join(all, ", ")
}

// Plan is the plan of a release to the environment of that name, empty as in
// Environment. Unattended and Driven are for the caller to fill in.
func (c *Config) Plan(environment string) (release.Plan, error) {
	e, err := c.Environment(environment)
	if err != nil {
		return release.Plan{}, err
	}
	return release.Plan{
		Service:     c.Service,
		Image:       c.Image,
		Environment: e.Name,
		Cluster:     e.Context,
		Namespace:   e.Namespace,
		Deployment:  e.Deployment,
		Container:   e.Container,
		Containers:  slices.Clone(e.Containers),
		Protected:   e.Protected,
		Items:       slices.Clone(e.Items),
		Metrics:     slices.Clone(e.Metrics.Specs),
		Rollback:    e.Rollback,
		Hangup:      e.Hangup,
		Stale:       release.Staleness{Workload: workloadStale, Metric: e.Metrics.Stale},
		Traffic:     release.Traffic{Least: float64(e.Metrics.Least), Window: e.Metrics.Window},
		Canary:      e.Canary.plan(),
		Windows:     e.Schedule.Windows(time.Now()),
	}, nil
}
