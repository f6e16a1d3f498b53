package faulty

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Path is where the faults are set: PUT with them as parameters, DELETE for none, GET for what they are. The parameter Only restricts them to
// requests whose query contains a text, such as a namespace; those come before the faults of all requests.
const Path = "/-/faults"

// Only is the parameter that restricts faults.
const Only = "only"

// warning is what a query layer says when a store did not answer.
const warning = "No StoreAPIs matched for this query: store 10.0.3.86:10901 is unavailable, this is a partial response"

// Front is an API with faults.
type Front struct {
	api http.Handler

	mu     sync.Mutex
	faults map[string]Faults // by the text that they are restricted to, "" for all requests
}

// New returns an API in front of another one, with no faults. What is not below /api/ is never faulty.
func New(api http.Handler) *Front { return &Front{api: api, faults: map[string]Faults{}} }

func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == Path:
		f.configure(w, r)
	case strings.HasPrefix(r.URL.Path, "/api/"):
		f.serve(w, r)
	default:
		f.api.ServeHTTP(w, r)
	}
}

// configure sets or tells the faults.
func (f *Front) configure(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	only := values.Get(Only)
	values.Del(Only)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut:
		faults, err := Parse(values)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		f.faults[only] = faults
	case http.MethodDelete:
		if delete(f.faults, only); only == "" {
			clear(f.faults)
		}
	default:
		http.Error(w, "GET, PUT or DELETE is needed", http.StatusMethodNotAllowed)
		return
	}
	if len(f.faults) == 0 {
		fmt.Fprintln(w, Faults{})
	}
	for _, only := range slices.Sorted(maps.Keys(f.faults)) {
		of := ""
		if only != "" {
			of = only + ": "
		}
		fmt.Fprintf(w, "%s%s\n", of, f.faults[only])
	}
}

// of returns the faults of a request.
func (f *Front) of(query string) Faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, only := range slices.Sorted(maps.Keys(f.faults)) {
		if only != "" && strings.Contains(query, only) {
			return f.faults[only]
		}
	}
	return f.faults[""]
}

// queryOf returns what a request asks, in its address or in its body, and leaves the body to be read again.
func queryOf(r *http.Request) (string, error) {
	const most = 1 << 20
	body, err := io.ReadAll(io.LimitReader(r.Body, most))
	if err != nil {
		return "", err
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	query, err := url.QueryUnescape(r.URL.RawQuery + "&" + string(body))
	if err != nil {
		return "", nil // the API says what is wrong with it
	}
	return query, nil
}

func (f *Front) serve(w http.ResponseWriter, r *http.Request) {
	query, err := queryOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	faults := f.of(query)
	if faults.Delay > 0 {
		select {
		case <-time.After(faults.Delay):
		case <-r.Context().Done():
			return
		}
	}
	switch {
	case faults.refuses(w, r):
	case faults.Status > 0:
		http.Error(w, fmt.Sprintf("%d %s", faults.Status, http.StatusText(faults.Status)), faults.Status)
	case faults.Flood != "":
		flood(w, r, faults.Flood)
	case faults.Warnings || faults.Cut:
		f.spoil(w, r, faults)
	default:
		f.api.ServeHTTP(w, r)
	}
}

// spoil passes an answer on with a warning, or only half of it.
func (f *Front) spoil(w http.ResponseWriter, r *http.Request, faults Faults) {
	r.Header.Del("Accept-Encoding") // the answer has to be read
	whole := answer{header: http.Header{}, status: http.StatusOK}
	f.api.ServeHTTP(&whole, r)
	body := whole.body.Bytes()
	if faults.Warnings {
		body = warned(body)
	}
	maps.Copy(w.Header(), whole.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(whole.status)
	if !faults.Cut {
		w.Write(body)
		return
	}
	w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler) // ends the connection
}

// warned adds a warning to an answer of the API. Anything else stays as it is.
func warned(body []byte) []byte {
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil || object == nil {
		return body
	}
	var all []string
	if had, ok := object["warnings"]; ok && json.Unmarshal(had, &all) != nil {
		return body
	}
	object["warnings"], _ = json.Marshal(append(all, warning))
	with, err := json.Marshal(object)
	if err != nil {
		return body
	}
	return with
}

// answer is one that is kept.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
