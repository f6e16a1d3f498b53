package checklist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
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

// probeHTTP passes when the address answers 200 and names the version wanted. A
// 200 without a version says nothing about the release, and passes only for an
// item of AnyVersion. An endpoint that does not answer has failed its health
// check; only a question that could not be asked is NoData.
func probeHTTP(ctx context.Context, r *Runner, spec release.ItemSpec, state release.State) release.Result {
	item, want := release.SettingsOf[release.HTTPCheck](spec), state.To.Version
	address := item.URL
	timed, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(timed, http.MethodGet, address, nil)
	if err != nil {
		return lasting(noData("bad url", release.ShownAddress(address)+": no URL"))
	}
	if scheme := request.URL.Scheme; scheme != "http" && scheme != "https" {
		return lasting(noData("bad url", fmt.Sprintf("%s: neither http nor https", release.ShownAddress(address))))
	}
	request.Header.Set("User-Agent", "slipway")
	request.Header.Set("Accept", "application/json, */*;q=0.5")

	response, err := r.http.Do(request)
	if err != nil {
		return unanswered(ctx, address, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(untrusted.Body(response.Body, bodyLimit))
	var large *untrusted.TooLargeError
	switch {
	case errors.As(err, &large) && response.StatusCode == http.StatusOK && !item.AnyVersion:
		return lasting(fail("200 too large", fmt.Sprintf("GET %s: 200, and the answer is %s: its version is not looked for", release.ShownAddress(address), large)))
	case err != nil && large == nil:
		return unanswered(ctx, address, err)
	}
	return judge(item, response.StatusCode, body, want)
}

func unanswered(ctx context.Context, address string, err error) release.Result {
	address = release.ShownAddress(address)
	if ctx.Err() != nil {
		return noData("not asked", fmt.Sprintf("GET %s: gave up: %v", address, ctx.Err()))
	}
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		err = wrapped.Err // it repeats method and address
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %s", httpTimeout)
	}
	result := fail("no answer", fmt.Sprintf("GET %s: %s", address, release.WithoutSecrets(err.Error())))
	result.Lasting = errors.Is(err, errRedirected)
	return result
}

func judge(item release.HTTPCheck, status int, body []byte, want string) release.Result {
	if status != http.StatusOK {
		return fail(fmt.Sprint(status), fmt.Sprintf("GET %s: %d %s", release.ShownAddress(item.URL), status, http.StatusText(status)))
	}
	found := versionIn(body)
	detail := fmt.Sprintf("GET %s: 200, version %s", release.ShownAddress(item.URL), found)
	switch {
	case found == "" && item.AnyVersion:
		return pass("200", fmt.Sprintf("GET %s: 200", release.ShownAddress(item.URL)))
	case found == "":
		return lasting(fail("200 no version", fmt.Sprintf(`GET %s: 200, but it names no version; accepted: {"version": …}, or anyVersion: true for the item`, release.ShownAddress(item.URL))))
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
