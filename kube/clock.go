package kube

import (
	"net/http"
	"sync/atomic"
	"time"
)

// skewLimit is how far apart the API server's clock and ours may be before it counts.
// The Date of an answer knows seconds only.
const skewLimit = 2 * time.Second

// clock learns from the Date of each answer how far the API server's clock is from
// ours. The clients of both Deployments share one; nil knows nothing.
type clock struct{ skew atomic.Int64 }

// Skew is what to add to the API server's time to get ours: zero while they agree.
func (c *clock) Skew() time.Duration {
	if c == nil {
		return 0
	}
	return time.Duration(c.skew.Load())
}

// learn takes an answer that was asked for and came at these times of ours.
func (c *clock) learn(asked, came time.Time, date string) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	ours := asked.Add(came.Sub(asked) / 2)
	skew := ours.Sub(at.Add(time.Second / 2))
	switch {
	case (skew - c.Skew()).Abs() <= skewLimit: // it stays, so that one moment keeps one time
	case skew.Abs() <= skewLimit:
		c.skew.Store(0)
	default:
		c.skew.Store(int64(skew))
	}
}

// slowAnswer is how long an answer may take and still tell the time.
const slowAnswer = time.Second

// wrap has a transport tell the clock of its answers.
func (c *clock) wrap(next http.RoundTripper) http.RoundTripper { return &timed{next: next, clock: c} }

type timed struct {
	next  http.RoundTripper
	clock *clock
}

func (t *timed) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := time.Now()
	answer, err := t.next.RoundTrip(r)
	if came := time.Now(); err == nil && came.Sub(asked) < slowAnswer {
		t.clock.learn(asked, came, answer.Header.Get("Date"))
	}
	return answer, err
}

// WrappedRoundTripper lets the Kubernetes client find the connections to close.
func (t *timed) WrappedRoundTripper() http.RoundTripper { return t.next }
