package checklist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

const (
	httpTimeout  = 3 * time.Second
	bodyLimit    = 64 << 10
	maxRedirects = 5
)

// newClient opens a connection for each probe: behind a load balancer, a kept
// one would ask the same pod again and again.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	transport.MaxResponseHeaderBytes = bodyLimit
	return &http.Client{Transport: transport, CheckRedirect: sameHost}
}

var errRedirected = errors.New("redirected to another host")

func sameHost(next *http.Request, before []*http.Request) error {
	if next.URL.Host != before[0].URL.Host {
		return fmt.Errorf("%w, %s", errRedirected, next.URL.Host)
	}
	if len(before) > maxRedirects {
		return fmt.Errorf("redirected more than %d times", maxRedirects)
	}
	return nil
}

var _ = register(release.ItemHTTP, probeHTTP)

// probeHTTP passes when the address answers 200 and names the version wanted, as often
// as the item says: behind a load balancer one answer is one pod's. A 200 without a
// version says nothing about the release, and passes only for an item of AnyVersion or
// with an expression of its own. An endpoint that does not answer has failed its health
// check; only a question that could not be asked is NoData.
func probeHTTP(ctx context.Context, r *Runner, spec release.ItemSpec, state release.State) release.Result {
	item, want := release.SettingsOf[release.HTTPCheck](spec), state.To.Version
	var result finding
	var slowest time.Duration
	answers := max(item.Answers, 1)
	for n := range answers {
		var seen answered
		result, seen = r.askHTTP(ctx, item, want)
		if slowest = max(slowest, seen.latency); result.Verdict != release.Pass {
			if n > 0 {
				result.add("answers", release.MarkFail, fmt.Sprintf("%d of %d were good", n, answers))
			}
			break
		}
		if n == answers-1 {
			if answers > 1 {
				result.add("answers", release.MarkPass, fmt.Sprintf("%d in a row, each good", answers))
			}
			result.lateOrExpiring(item, seen, slowest, r.Now())
		}
	}
	return result.Result
}

// answered is what one answer was like.
type answered struct {
	latency time.Duration
	expires time.Time // of the certificate; zero: no TLS
}

// askHTTP asks once, and judges the answer.
func (r *Runner) askHTTP(ctx context.Context, item release.HTTPCheck, want string) (finding, answered) {
	address, method := item.URL, item.Asks()
	timed, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(timed, method, address, nil)
	if err != nil {
		return from(lasting(noData("bad url", release.ShownAddress(address)+": no URL"))), answered{}
	}
	if scheme := request.URL.Scheme; scheme != "http" && scheme != "https" {
		return from(lasting(noData("bad url", fmt.Sprintf("%s: neither http nor https", release.ShownAddress(address))))), answered{}
	}
	request.Header.Set("User-Agent", "slipway")
	request.Header.Set("Accept", "application/json, */*;q=0.5")
	for name, variable := range item.HeadersEnv {
		text := os.Getenv(variable)
		if text == "" {
			return from(lasting(noData("no header", fmt.Sprintf("%s %s: found nothing in the variable %s; accepted: the value of the header %s", method, release.ShownAddress(address), variable, name)))), answered{}
		}
		request.Header.Set(name, text)
	}

	began := time.Now()
	response, err := r.http.Do(request)
	if err != nil {
		return from(unanswered(ctx, method, address, err)), answered{}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(untrusted.Body(response.Body, bodyLimit))
	seen := answered{latency: time.Since(began)}
	if response.TLS != nil && len(response.TLS.PeerCertificates) > 0 {
		seen.expires = response.TLS.PeerCertificates[0].NotAfter
	}
	var large *untrusted.TooLargeError
	switch {
	case errors.As(err, &large) && response.StatusCode == http.StatusOK && (!item.AnyVersion || item.Query != ""):
		return from(lasting(fail("200 too large", fmt.Sprintf("%s %s: 200, and the answer is %s: its version is not looked for", method, release.ShownAddress(address), large)))), seen
	case err != nil && large == nil:
		return from(unanswered(ctx, method, address, err)), seen
	}
	if item.Query != "" && response.StatusCode == http.StatusOK {
		return judgeQuery(ctx, item, body), seen
	}
	return from(judge(item, response.StatusCode, body, want)), seen
}

// lateOrExpiring judges what goes beside the answer itself.
func (f *finding) lateOrExpiring(item release.HTTPCheck, seen answered, slowest time.Duration, now time.Time) {
	text, mark := release.Format(release.Seconds, slowest.Seconds()), release.MarkNone
	if most := item.MaxLatency; most > 0 {
		bound := release.Format(release.Seconds, most.Seconds())
		if mark = release.MarkPass; slowest > most {
			mark = release.MarkFail
			f.fail("slow "+text, fmt.Sprintf("%s %s: answered in %s, at most %s", item.Asks(), release.ShownAddress(item.URL), text, bound))
		}
		text += ", at most " + bound
	}
	f.add("latency", mark, text)
	left := seen.expires.Sub(now)
	switch {
	case seen.expires.IsZero() && item.TLS > 0:
		f.fail("no TLS", fmt.Sprintf("%s has no certificate: it is not https", release.ShownAddress(item.URL)))
		f.Lasting = true
	case seen.expires.IsZero():
	case item.TLS > 0 && left < item.TLS:
		f.fail("cert "+release.Span(left), fmt.Sprintf("%s: its certificate expires in %s, on %s; at least %s", release.ShownAddress(item.URL), release.Span(left), seen.expires.Local().Format("2 Jan 2006"), release.Span(item.TLS)))
		f.add("TLS", release.MarkFail, "expires in "+release.Span(left))
	default:
		f.add("TLS", release.MarkPass, "expires in "+release.Span(left))
	}
}

// judgeQuery judges what the item's expression finds in the answer.
func judgeQuery(ctx context.Context, item release.HTTPCheck, body []byte) finding {
	what := fmt.Sprintf("%s %s: %s", item.Asks(), release.ShownAddress(item.URL), item.Query)
	value, err := query(ctx, item.Query, body)
	if err != nil {
		return from(noData("no value", fmt.Sprintf("%s: %v", what, err)))
	}
	shown := untrusted.Line(value, longest)
	result := from(pass(shown, fmt.Sprintf("%s is %s", what, shown)))
	result.add("value", release.MarkNone, shown)
	if item.Equals != "" && !equal(value, item.Equals) {
		result.fail(shown, fmt.Sprintf("%s is %s; wanted %s", what, shown, item.Equals))
	}
	if item.AtLeast == "" && item.AtMost == "" {
		return result
	}
	n, ok := number(value)
	least, bounded := number(item.AtLeast)
	most, capped := number(item.AtMost)
	switch {
	case !ok:
		return from(noData("no number", fmt.Sprintf("%s is %s, not a number", what, shown)))
	case bounded && n.Cmp(least) < 0:
		result.fail(shown, fmt.Sprintf("%s is %s, at least %s", what, shown, item.AtLeast))
	case capped && n.Cmp(most) > 0:
		result.fail(shown, fmt.Sprintf("%s is %s, at most %s", what, shown, item.AtMost))
	}
	return result
}

func unanswered(ctx context.Context, method, address string, err error) release.Result {
	address = release.ShownAddress(address)
	if ctx.Err() != nil {
		return noData("not asked", fmt.Sprintf("%s %s: gave up: %v", method, address, ctx.Err()))
	}
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		err = wrapped.Err // it repeats method and address
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %s", httpTimeout)
	}
	result := fail("no answer", fmt.Sprintf("%s %s: %s", method, address, release.WithoutSecrets(err.Error())))
	result.Lasting = errors.Is(err, errRedirected)
	return result
}

func judge(item release.HTTPCheck, status int, body []byte, want string) release.Result {
	asked := item.Asks() + " " + release.ShownAddress(item.URL)
	if status != http.StatusOK {
		return fail(fmt.Sprint(status), fmt.Sprintf("%s: %d %s", asked, status, http.StatusText(status)))
	}
	found := versionIn(body)
	detail := fmt.Sprintf("%s: 200, version %s", asked, found)
	switch {
	case found == "" && item.AnyVersion:
		return pass("200", asked+": 200")
	case found == "":
		return lasting(fail("200 no version", asked+`: 200, but it names no version; accepted: {"version": …}, or anyVersion: true for the item`))
	case item.AnyVersion || want == "" || sameVersion(found, want):
		result := pass("200 "+found, detail)
		if item.AnyVersion {
			return result // each answer may be of another one
		}
		result.Facts = release.Facts{release.FactVersion: found}
		return result
	default:
		return fail("200 "+found, fmt.Sprintf("%s; wanted %s", detail, want))
	}
}

// versionIn is the top-level "version" of a JSON object, or empty.
func versionIn(body []byte) string {
	var answer struct {
		Version string `json:"version"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return untrusted.Line(answer.Version, longest)
}

// sameVersion lets a service call its version 2.5.0 where the tag is v2.5.0.
func sameVersion(a, b string) bool {
	return strings.TrimPrefix(a, "v") == strings.TrimPrefix(b, "v")
}
