// Package up brings a sandbox up: it chooses ports, writes the files of its directory, starts the parts, fills the cluster, and keeps it all
// until it is told to end.
package up

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"datahub.io/slipway/sandbox/gateway"
	"datahub.io/slipway/sandbox/stages"
	"datahub.io/slipway/sandbox/supervise"
)

// Options of a sandbox.
type Options struct {
	// Dir holds all of its data.
	Dir string
	// Speed is how much faster than life probes, back-offs and behaviour over time are; 1 is life.
	Speed float64
	// Deadline is the Deployments' progressDeadlineSeconds, in whole seconds.
	Deadline time.Duration
	// Ready is called once, when everything answers; it may be nil.
	Ready func()
	// Lost is called for each part that ends by itself after that, by the goroutine of Run; it may be nil.
	Lost func(error)
}

const stagesFile = "stages.yaml"

// Run brings a sandbox up, says on out what it does, and keeps it running until the context ends. It leaves no process behind.
func Run(ctx context.Context, o Options, out io.Writer) (err error) {
	began := time.Now()
	if o.Deadline < time.Second || o.Deadline%time.Second != 0 {
		return fmt.Errorf("deadline %s: whole seconds are needed, at least 1s", o.Deadline)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if !(o.Speed > 0) {
		return fmt.Errorf("speed %v: a number above 0 is needed", o.Speed)
	}
	stageData, err := stages.All()
	if err != nil {
		return err
	}
	d, err := claim(o.Dir)
	if err != nil {
		return err
	}
	defer d.release()
	ports, err := choosePorts()
	if err != nil {
		return err
	}
	authority, err := pki(d)
	if err != nil {
		return err
	}
	where := addresses(d, ports)
	if err := writeUsers(d, where.APIServer, authority); err != nil {
		return err
	}
	if err := d.write(stagesFile, stageData, 0o644); err != nil {
		return err
	}

	journal, err := os.Create(d.file("log", "sandbox.log"))
	if err != nil {
		return err
	}
	defer journal.Close()
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(io.MultiWriter(journal, out), "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	say("sandbox in %s, starting anew", d.path)
	supervisor := supervise.New(program, d.file("log"), parts(d, ports, o, authority))
	defer supervisor.Kill()
	s := sequence{d, ports, o, authority, supervisor, say}
	if err := s.guard(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to end while coming up
		}
		return err
	}
	for name, text := range map[string]string{"slipway.yaml": configTemplate, "verified.yaml": verifiedTemplate} {
		config, err := where.config(text)
		if err != nil {
			return err
		}
		if err := d.write(name, config, 0o644); err != nil {
			return err
		}
	}
	if err := control(ctx, d, ports.control, supervisor, say); err != nil {
		return err
	}
	if err := d.write(readyFile, where.ready(), 0o644); err != nil {
		return err
	}
	say("ready")
	fmt.Fprintf(out, usage, shell(d.file("kubeconfig")), shell(d.file("slipway.yaml")), shell(d.path))
	if o.Ready != nil {
		o.Ready()
	}
	for {
		select {
		case <-ctx.Done():
			say("ending")
			d.retract()
			return nil
		case err := <-supervisor.Ended():
			say("%v\n         start it again with: sandbox start PART --dir %s", err, shell(d.path))
			if o.Lost != nil {
				o.Lost(err)
			}
		}
	}
}

const usage = `
  export KUBECONFIG=%s
  slipway --config %s

  sandbox status|requests|stop PART|start PART --dir %s
  Ctrl-C ends it.

`

// shell is a word as a shell takes it literally.
func shell(word string) string {
	if regexp.MustCompile(`^[\w./+@%-]+$`).MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func addresses(d *Dir, p ports) endpoints {
	base := "http://" + local(p.gateway)
	e := endpoints{
		Dir: d.path, Kubeconfig: d.file("kubeconfig"), State: d.file("state"),
		APIServer: "https://" + local(p.apiserver), Prometheus: "http://" + local(p.prometheus), Gateway: base,
	}
	e.Registry, e.GitHub = local(p.outside), "http://"+local(p.outside)
	e.Staging, e.Production = base+"/staging/health", base+"/production/health"
	e.Canary, e.Routes, e.Quiet = base+"/canary/health", base+"/routes/health", base+"/quiet/health"
	return e
}

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// sequence is the order in which a sandbox comes up.
type sequence struct {
	d          *Dir
	ports      ports
	o          Options
	authority  []byte
	supervisor *supervise.Supervisor
	say        func(string, ...any)
}

// start starts parts side by side, and returns when all of them are ready.
func (s sequence) start(ctx context.Context, names ...string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range names {
		group.Go(func() error {
			began := time.Now()
			limited, cancel := context.WithTimeout(ctx, startLimit)
			defer cancel()
			if err := s.supervisor.Start(limited, name); err != nil {
				return err
			}
			s.say("%-12s ready after %.1fs", name, time.Since(began).Seconds())
			return nil
		})
	}
	return group.Wait()
}

// guard rises, and fails as soon as a part that was ready ends again.
func (s sequence) guard(ctx context.Context) error {
	limited, stop := context.WithTimeout(ctx, 2*startLimit)
	defer stop()
	rising, cancel := context.WithCancelCause(limited)
	defer cancel(nil)
	go func() {
		select {
		case err := <-s.supervisor.Ended():
			cancel(err)
		case <-rising.Done():
		}
	}()
	err := s.rise(rising)
	if err != nil && limited.Err() == nil && rising.Err() != nil {
		return context.Cause(rising)
	}
	return err
}

// rise starts the parts and fills the cluster. The order is that of need; what does not need each other goes side by side.
func (s sequence) rise(ctx context.Context) error {
	if err := s.start(ctx, etcd); err != nil {
		return err
	}
	if err := s.start(ctx, apiserver); err != nil {
		return err
	}
	seed, err := newSeeder(s.d.file(adminKubeconfig), s.o.Deadline)
	if err != nil {
		return err
	}
	group, side := errgroup.WithContext(ctx)
	group.Go(func() error { return s.start(side, controllers, scheduler, kwok, outsidePart) })
	group.Go(func() error { return s.blame(seed.routes(side), "Istio and the Gateway API", apiserver) })
	group.Go(func() error {
		if err := seed.accounts(side, s.ports.metrics, s.authority); err != nil {
			return s.blame(err, "accounts", apiserver)
		}
		rollouts, each := errgroup.WithContext(side)
		for _, e := range gateway.Environments {
			rollouts.Go(func() error {
				return s.blame(seed.rollOut(each, e), "revisions of "+e.Namespace, apiserver, controllers)
			})
		}
		if err := rollouts.Wait(); err != nil {
			return err
		}
		s.say("%d revisions in each of %d namespaces", len(past), len(gateway.Environments))
		if err := seed.machines(side, s.ports.kubelet); err != nil {
			return s.blame(err, "nodes", apiserver)
		}
		for _, e := range gateway.Environments {
			if err := seed.available(side, e); err != nil {
				return s.blame(err, "pods of "+e.Namespace, scheduler, kwok)
			}
		}
		s.say("pods ready")
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if err := s.start(ctx, gatewayPart); err != nil {
		return err
	}
	if err := s.start(ctx, prometheus, metrics); err != nil {
		return err
	}
	return s.blame(seed.served(ctx), "kubectl top", metrics)
}

// blame adds to the error of a step, if there is one, which parts it depends on, and the ends of their logs.
func (s sequence) blame(err error, step string, parts ...string) error {
	if err == nil {
		return nil
	}
	var logs strings.Builder
	for _, part := range parts {
		logs.WriteString(supervise.Tail(s.d.file("log", part+".log")))
	}
	return fmt.Errorf("%s (%s): %w%s", step, strings.Join(parts, ", "), err, &logs)
}
