package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// longest is how many runes of an error are kept.
const longest = 300

// query asks once, now, by Prometheus's own clock.
func (c *Client) query(ctx context.Context, query string) (model.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	value, warnings, _, err := c.api.Query(ctx, query, time.Time{})
	if err != nil {
		return nil, c.explain(err)
	}
	if err := doubt(warnings); err != nil {
		return nil, err
	}
	return value, nil
}

// How the engine begins what it says of a query; storage and federation begin in other
// ways. Older versions of Prometheus put infos among the warnings.
const (
	engineInfo    = "PromQL info:"
	engineWarning = "PromQL warning:"
)

// doubt is the error of an answer that comes with warnings: a store did not answer, or
// series were left out, and the figure of the rest can be anything. An info says nothing
// against the figure: it is about names of metrics and the shape of histograms.
func doubt(warnings promv1.Warnings) error {
	of := slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return strings.HasPrefix(w, engineInfo) })
	if len(of) == 0 {
		return nil
	}
	worst := of[0]
	if i := slices.IndexFunc(of, func(w string) bool { return !strings.HasPrefix(w, engineWarning) }); i >= 0 {
		worst = of[i]
	}
	said := untrusted.Line(release.WithoutSecrets(worst), longest)
	if more := len(of) - 1; more > 0 {
		said += fmt.Sprintf(" (and %s)", release.Count(more, "more warning"))
	}
	if strings.HasPrefix(worst, engineWarning) {
		return badQuery("Prometheus warns of the query: %s", strings.TrimSpace(strings.TrimPrefix(said, engineWarning)))
	}
	return fmt.Errorf("the answer is incomplete: %s", said)
}

// errEmpty says that a query matched nothing.
var errEmpty = errors.New("the query gives no series")

// lackError is an answer without a figure, of that kind.
type lackError struct {
	error
	lack release.Lack
}

func (e lackError) Unwrap() error { return e.error }

// lackOf is the kind of data that an error says is missing.
func lackOf(err error) release.Lack {
	var lack lackError
	switch {
	case errors.As(err, &lack):
		return lack.lack
	case errors.Is(err, errEmpty), errors.Is(err, errNotScraped):
		return release.NoSeries
	}
	return release.Unanswered
}

func badQuery(format string, args ...any) error {
	return lackError{fmt.Errorf(format, args...), release.BadQuery}
}

// single gives the one number of an answer, and when it was evaluated.
func single(value model.Value) (float64, time.Time, error) {
	var number float64
	var at model.Time
	switch v := value.(type) {
	case *model.Scalar:
		number, at = float64(v.Value), v.Timestamp
	case model.Vector:
		switch {
		case len(v) == 0:
			return 0, time.Time{}, errEmpty
		case len(v) > 1:
			return 0, time.Time{}, badQuery("the query gives %d series, one is needed: aggregate it, for example with sum() or max()", len(v))
		case v[0].Histogram != nil:
			return 0, time.Time{}, badQuery("the query gives a histogram, a number is needed: use for example histogram_quantile()")
		}
		number, at = float64(v[0].Value), v[0].Timestamp
	default:
		return 0, time.Time{}, badQuery("the query gives a %s, an instant vector of one series is needed", value.Type())
	}
	if err := finite(number); err != nil {
		return 0, time.Time{}, err
	}
	return number, at.Time(), nil
}

func finite(number float64) error {
	switch {
	case math.IsNaN(number):
		return lackError{errors.New("the query gives NaN: nothing to divide by, or no traffic"), release.NotNumber}
	case math.IsInf(number, 0):
		return lackError{errors.New("the query gives infinity"), release.NotNumber}
	}
	return nil
}

// linkError is a failure of the way to Prometheus, as opposed to its answer.
type linkError struct{ error }

func isLink(err error) bool {
	var link linkError
	return errors.As(err, &link)
}

// explain puts an error of the API into one line, Prometheus's own words where
// it has answered, and tells failures of the link from failures of a query.
func (c *Client) explain(err error) error {
	var answered *promv1.Error
	if errors.As(err, &answered) {
		answered = inDetail(answered)
		switch answered.Type {
		case promv1.ErrBadData:
			return badQuery("%s", untrusted.Line(answered.Msg, longest))
		case promv1.ErrExec, promv1.ErrTimeout, promv1.ErrCanceled:
			return errors.New(untrusted.Line(answered.Msg, longest))
		default:
			return linkError{errors.New(untrusted.Line(answered.Msg, longest))}
		}
	}
	if large := new(untrusted.TooLargeError); errors.As(err, &large) {
		return badQuery("the answer is %s: aggregate the query, for example with sum() or max()", large)
	}
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		err = wrapped.Err // it repeats method and address
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %s", c.Timeout)
	}
	return linkError{errors.New(untrusted.Line(release.WithoutSecrets(err.Error()), longest))}
}

// inDetail gives the error that Prometheus put into the body of an answer whose
// status the client does not look behind: 503 for a query that took too long.
func inDetail(e *promv1.Error) *promv1.Error {
	var body struct {
		Type  promv1.ErrorType `json:"errorType"`
		Words string           `json:"error"`
	}
	if json.Unmarshal([]byte(e.Detail), &body) != nil || body.Words == "" {
		return e
	}
	return &promv1.Error{Type: body.Type, Msg: body.Words}
}
