// Package prom is a whole Prometheus in one process: the real scraper, TSDB, PromQL engine and HTTP API, which can be made faulty.
package prom

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"

	"datahub.io/slipway/sandbox/faulty"
)

// job is the name of the one scrape job.
const job = "gateway"

// Main runs Prometheus until it is told to end, and returns the exit code.
func Main(args []string) int {
	flags := flag.NewFlagSet("prometheus", flag.ExitOnError)
	dir := flags.String("dir", "", "TSDB directory")
	listen := flags.String("listen", "127.0.0.1:9090", "address of the HTTP API")
	target := flags.String("target", "", "host:port to scrape")
	interval := flags.Duration("interval", 2*time.Second, "time between two scrapes")
	flags.Parse(args)
	if err := run(*dir, *listen, *target, *interval); err != nil {
		fmt.Fprintln(os.Stderr, "prometheus:", err)
		return 1
	}
	return 0
}

func run(dir, listen, target string, interval time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	registry := client.NewRegistry()

	db, err := tsdb.Open(dir, log, registry, tsdb.DefaultOptions(), nil)
	if err != nil {
		return fmt.Errorf("open tsdb: %w", err)
	}
	defer db.Close()
	var past time.Time
	if db.Head().NumSeries() == 0 {
		if past, err = backfill(ctx, db, target); err != nil {
			return fmt.Errorf("backfill: %w", err)
		}
	}

	cfg, err := config.Load(fmt.Sprintf("scrape_configs: [{job_name: %s, honor_labels: true, scrape_interval: %s, scrape_timeout: %[2]s}]", job, interval), log)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	// No waiting: an offset of up to one interval is there to spread the load of many targets.
	options := &scrape.Options{DiscoveryReloadInterval: model.Duration(time.Second), DiscoveryReloadOnStartup: true, InitialScrapeOffset: -interval}
	scraper, err := scrape.NewManager(options, log, nil, db, nil, registry)
	if err != nil {
		return fmt.Errorf("scraper: %w", err)
	}
	if err := scraper.ApplyConfig(cfg); err != nil {
		return fmt.Errorf("scraper: %w", err)
	}
	targets := make(chan map[string][]*targetgroup.Group, 1)
	targets <- map[string][]*targetgroup.Group{job: {{
		Source: "static", Targets: []model.LabelSet{{model.AddressLabel: model.LabelValue(target)}},
	}}}
	go func() {
		time.Sleep(time.Until(past.Add(interval))) // the first scrape is the next step of the past
		_ = scraper.Run(targets)
	}()
	defer scraper.Stop()

	engine := promql.NewEngine(promql.EngineOpts{
		Logger: log, Reg: registry, MaxSamples: 50_000_000, Timeout: 30 * time.Second,
		EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})
	api := apiv1.NewAPI(engine, db, nil, db,
		func(context.Context) apiv1.ScrapePoolsRetriever { return scraper },
		func(context.Context) apiv1.TargetRetriever { return scraper },
		func(context.Context) apiv1.AlertmanagerRetriever { return nil },
		func() config.Config { return *cfg },
		nil, apiv1.GlobalURLOptions{ListenAddress: listen, Host: listen, Scheme: "http"},
		func(h http.HandlerFunc) http.HandlerFunc { return h },
		adminStats{db}, dir, false, false, 0, log,
		func(context.Context) apiv1.RulesRetriever { return nil },
		5e7, 10, 1<<20, false, nil,
		func() (apiv1.RuntimeInfo, error) { return apiv1.RuntimeInfo{}, nil },
		&apiv1.PrometheusVersion{Version: "embedded"},
		nil, nil, registry, registry, nil,
		false, nil, false, false, false,
		5*time.Minute, false, false, nil, nil,
		apiv1.OpenAPIOptions{}, nil, false, 30*time.Second)
	router := route.New()
	api.Register(router.WithPrefix("/api/v1"))
	router.Get("/-/ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") })

	server := &http.Server{Addr: listen, Handler: faulty.New(router)}
	go func() { <-ctx.Done(); server.Close() }()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// adminStats fits the TSDB to what the HTTP API wants of it.
type adminStats struct{ *tsdb.DB }

func (s adminStats) BlockMetas() ([]tsdb.BlockMeta, error) { return s.DB.BlockMetas(), nil }

func (s adminStats) Stats(statsByLabelName string, limit int) (*tsdb.Stats, error) {
	return s.Head().Stats(statsByLabelName, limit), nil
}

func (s adminStats) WALReplayStatus() (tsdb.WALReplayStatus, error) {
	return tsdb.WALReplayStatus{}, nil
}
