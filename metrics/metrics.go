// Package metrics asks Prometheus for the figures of the dashboard: their
// newest values, a quarter of an hour of history, and the peaks since a time.
//
// # How old a figure is
//
// The timestamp of an instant query is the time of its evaluation, and for up
// to five minutes after a target's last scrape Prometheus answers with what it
// saw last. Neither says how old a figure is. So each query has a companion
// that asks for the newest scrape of every metric in it (see companionOf), and
// a sample's own time is the oldest of those. When scraping stops, a figure
// keeps its value and its time, ages, and is stale by the rules of package
// release, whatever Prometheus still answers.
package metrics

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// Options is what a Client is made from.
type Options struct {
	URL     string
	Token   string // sent as a bearer token to that host only; may be empty
	Specs   []release.MetricSpec
	Versus  []Versus      // what Compare compares, in the order of Specs; may be empty
	Aside   bool          // no canary is to come: Check leaves Versus out
	Every   time.Duration // between rounds of queries
	Window  time.Duration // that the queries look back over, as their {window}
	Stale   time.Duration // how old a sample may be: a longer silence is a gap in the history, and a fault to Check
	Timeout time.Duration // for one query; 0 = 3 s
	Now     func() time.Time
}

// Client asks one Prometheus about one service. Its methods may be called from
// any goroutine, Watch by one at a time.
type Client struct {
	Options
	api   promv1.API
	specs []question // of Specs
	wish  wish
	retry chan struct{}
	skew  atomic.Int64 // nanoseconds to add to Prometheus's times
}

func (c *Client) clockSkew() time.Duration        { return time.Duration(c.skew.Load()) }
func (c *Client) setClockSkew(skew time.Duration) { c.skew.Store(int64(skew)) }

// New checks the options and makes no request.
func New(options Options) (*Client, error) {
	base, err := url.Parse(options.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("connect to prometheus: found %q; accepted: an http or https address", release.ShownAddress(options.URL))
	}
	if options.Every <= 0 {
		return nil, errors.New("connect to prometheus: the time between queries must be positive")
	}
	if options.Timeout == 0 {
		options.Timeout = 3 * time.Second
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = headerBound
	transport.MaxIdleConnsPerHost = 2*len(options.Specs) + 4*len(options.Versus)
	client, err := api.NewClient(api.Config{Address: options.URL, RoundTripper: bearer{options.Token, base.Host, transport}})
	if err != nil {
		return nil, fmt.Errorf("connect to prometheus: %w", err)
	}
	c := &Client{Options: options, api: promv1.NewAPI(client), retry: make(chan struct{}, 1)}
	c.wish.set(release.Comparing{})
	for _, spec := range options.Specs {
		c.specs = append(c.specs, ask(spec.Query))
	}
	return c, nil
}

// Retry tries a lost link again now.
func (c *Client) Retry() {
	select {
	case c.retry <- struct{}{}:
	default:
	}
}

// bearer bounds what is read of an answer, and adds the token to requests for the configured host: a redirect
// elsewhere does not carry it along.
type bearer struct {
	token, host string
	next        http.RoundTripper
}

func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	if b.token != "" && request.URL.Host == b.host {
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+b.token)
	}
	response, err := b.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = untrusted.Body(response.Body, answerBound)
	return response, nil
}

// What Prometheus answers at most: one series of maxPoints has half of it.
const (
	answerBound = 1 << 20
	headerBound = 64 << 10
)
