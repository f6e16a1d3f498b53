package faulty

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const good = `{"status":"success","data":{"resultType":"vector","result":[]}}`

// front is a server whose API answers that all is well, with what it was asked in a header, gzipped for who takes that.
func front(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Asked", r.FormValue("query"))
		if r.URL.Path != "/api/v1/query" {
			fmt.Fprint(w, r.URL.Path)
			return
		}
		if r.FormValue("query") == "malformed" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"parse error"}`)
			return
		}
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(member(good))
			return
		}
		fmt.Fprint(w, good)
	})))
	t.Cleanup(server.Close)
	return server.URL
}

func do(t *testing.T, method, url, body string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// ask sends a query in the body, as the client library does.
func ask(t *testing.T, server string, header ...string) (int, string) {
	t.Helper()
	response := do(t, http.MethodPost, server+"/api/v1/query", url.Values{"query": {`up{namespace="datahub-quiet"}`}}.Encode(), header...)
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, strings.TrimSpace(string(body))
}

// set sets faults, and returns what the front says that they are.
func set(t *testing.T, server, faults string) string {
	t.Helper()
	response := do(t, http.MethodPut, server+Path+"?"+faults, "")
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("PUT %s: %s: %s", faults, response.Status, body)
	}
	return string(body)
}

func TestWithoutFaultsNothingChanges(t *testing.T) {
	server := front(t)
	response := do(t, http.MethodPost, server+"/api/v1/query?stats=all", url.Values{"query": {"a+b{c=\"%d\"}"}}.Encode())
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != good || response.Header.Get("X-Asked") != `a+b{c="%d"}` {
		t.Errorf("asked %s, answered %s, %v", response.Header.Get("X-Asked"), body, err)
	}
	if response := do(t, http.MethodPost, server+"/api/v1/query", "query=%zz"); response.StatusCode != http.StatusOK {
		t.Errorf("a malformed body does not reach the API: %s", response.Status)
	}
}

func TestRefusals(t *testing.T) {
	server := front(t)
	for _, c := range []struct {
		faults, says string
		header       []string
		status       int
	}{
		{"status=503", "status 503", nil, 503},
		{"status=401", "status 401", nil, 401},
		{"header=X-Scope-OrgID%3Dteam-a", "header X-Scope-OrgID=team-a", nil, 401},
		{"header=X-Scope-OrgID%3Dteam-a", "header X-Scope-OrgID=team-a", []string{"X-Scope-OrgID", "team-b"}, 401},
		{"header=X-Scope-OrgID%3Dteam-a", "header X-Scope-OrgID=team-a", []string{"X-Scope-OrgID", "team-a"}, 200},
		{"header=Authorization%3DBearer+a&header=X%3D1", "header Authorization=Bearer a, header X=1", []string{"Authorization", "Bearer a"}, 401},
		{"header=Authorization%3DBearer+a&header=X%3D1", "header Authorization=Bearer a, header X=1", []string{"Authorization", "Bearer a", "X", "1"}, 200},
		{"basic-auth=u:p", "basic-auth u:p", nil, 401},
		{"basic-auth=u:p", "basic-auth u:p", []string{"Authorization", "Basic dTpx"}, 401},
		{"basic-auth=u:p", "basic-auth u:p", []string{"Authorization", "Basic dTpw"}, 200},
	} {
		if says := set(t, server, c.faults); says != c.says+"\n" {
			t.Errorf("%s: says %q, want %q", c.faults, says, c.says)
		}
		if status, body := ask(t, server, c.header...); status != c.status || (status == 200) != (body == good) {
			t.Errorf("%s with %v: %d %s, want %d", c.faults, c.header, status, body, c.status)
		}
	}
	if response := do(t, http.MethodGet, server+"/api/v1/query", ""); response.Header.Get("WWW-Authenticate") == "" {
		t.Error("basic authentication is not asked for")
	}
	if response := do(t, http.MethodGet, server+"/-/ready", ""); response.StatusCode != http.StatusOK {
		t.Errorf("readiness is faulty: %s", response.Status)
	}
}

func TestDelay(t *testing.T) {
	server := front(t)
	set(t, server, "delay=100ms")
	began := time.Now()
	if status, _ := ask(t, server); status != 200 || time.Since(began) < 100*time.Millisecond {
		t.Errorf("answered %d after %s", status, time.Since(began))
	}
	set(t, server, "delay=1h")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/query", nil)
	if _, err := http.DefaultClient.Do(r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	server := front(t)
	set(t, server, "warnings=true")
	_, body := ask(t, server)
	var answer struct {
		Status   string
		Warnings []string
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Status != "success" || len(answer.Warnings) != 1 {
		t.Errorf("answered %s, %v", body, err)
	}
	response := do(t, http.MethodGet, server+"/api/v1/query?query=malformed", "")
	if body, _ := io.ReadAll(response.Body); response.StatusCode != 400 || !strings.Contains(string(body), "parse error") {
		t.Errorf("an error is answered with %s %s", response.Status, body)
	}
	if got := string(warned([]byte("<html>"))); got != "<html>" {
		t.Errorf("what is no answer of the API becomes %s", got)
	}
	if got := string(warned([]byte(`{"warnings":["a"]}`))); !strings.Contains(got, `["a","No StoreAPIs`) {
		t.Errorf("a warning that was there is lost: %s", got)
	}
}

func TestCut(t *testing.T) {
	server := front(t)
	set(t, server, "cut=true")
	response := do(t, http.MethodGet, server+"/api/v1/query", "")
	body, err := io.ReadAll(response.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || string(body) != good[:len(good)/2] {
		t.Errorf("read %q, %v", body, err)
	}
}

func TestFloods(t *testing.T) {
	server := front(t)
	read := func(kind Flood, from func(io.Reader) io.Reader, most int64) int64 {
		t.Helper()
		set(t, server, "flood="+string(kind))
		response := do(t, http.MethodGet, server+"/api/v1/query", "", "Accept-Encoding", "gzip")
		n, err := io.Copy(io.Discard, io.LimitReader(from(response.Body), most))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		return n
	}
	plain := func(r io.Reader) io.Reader { return r }
	if n := read(Endless, plain, 20<<20); n != 20<<20 {
		t.Errorf("endless ended after %d bytes", n)
	}
	if n := read(Trickle, plain, 100); n != 100 {
		t.Errorf("trickle ended after %d bytes", n)
	}
	var size int64
	wire := 0
	read(Gzip, func(r io.Reader) io.Reader {
		unzipped, err := gzip.NewReader(bufio.NewReaderSize(io.TeeReader(r, counter{&wire}), 4096))
		if err != nil {
			t.Fatal(err)
		}
		size, _ = io.Copy(io.Discard, io.LimitReader(unzipped, 128<<20)) // an eighth of it
		return strings.NewReader("")
	}, 1)
	if size < 128<<20 || wire > 1<<18 {
		t.Errorf("gzip: %d bytes in %d on the wire", size, wire)
	}
	read(Huge, func(r io.Reader) io.Reader {
		body, err := io.ReadAll(r)
		if err != nil || len(body) < 60<<20 || !json.Valid(body) {
			t.Errorf("huge: %d bytes, %v, or not valid", len(body), err)
		}
		return strings.NewReader("")
	}, 1)
}

type counter struct{ n *int }

func (c counter) Write(p []byte) (int, error) { *c.n += len(p); return len(p), nil }

// Faults of one environment leave the others alone: tests that run side by side share one Prometheus.
func TestFaultsOfOneEnvironment(t *testing.T) {
	server := front(t)
	set(t, server, "status=502&only=datahub-quiet")
	set(t, server, "status=429&only=datahub-staging")
	if says := set(t, server, "delay=1ms"); says != "delay 1ms\ndatahub-quiet: status 502\ndatahub-staging: status 429\n" {
		t.Errorf("says %q", says)
	}
	check := func(namespace string, want int) {
		t.Helper()
		query := url.Values{"query": {fmt.Sprintf("up{namespace=%q}", namespace)}}.Encode()
		if got := do(t, http.MethodPost, server+"/api/v1/query", query).StatusCode; got != want {
			t.Errorf("%s in the body: %d, want %d", namespace, got, want)
		}
		if got := do(t, http.MethodGet, server+"/api/v1/query?"+query, "").StatusCode; got != want {
			t.Errorf("%s in the address: %d, want %d", namespace, got, want)
		}
	}
	check("datahub-quiet", 502)
	check("datahub-staging", 429)
	check("datahub-production", 200)
	do(t, http.MethodDelete, server+Path+"?only=datahub-quiet", "")
	check("datahub-quiet", 200)
	check("datahub-staging", 429)
	response := do(t, http.MethodDelete, server+Path, "")
	if body, _ := io.ReadAll(response.Body); string(body) != "no faults\n" {
		t.Errorf("after the reset: %s", body)
	}
	check("datahub-staging", 200)
}

func TestParseRefuses(t *testing.T) {
	server := front(t)
	for faults, want := range map[string]string{
		"delay=0s": "a duration above 0", "delay=5": "a duration above 0", "header=a": "NAME=VALUE", "header=%3Da": "NAME=VALUE",
		"basic-auth=u": "USER:PASSWORD", "basic-auth=:p": "USER:PASSWORD", "status=200": "from 300 to 599", "status=x": "from 300 to 599",
		"flood=big": "one of [endless trickle huge gzip]", "slow=1": "slow is not a fault",
	} {
		response := do(t, http.MethodPut, server+Path+"?"+faults, "")
		if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s %s, want %q", faults, response.Status, body, want)
		}
	}
	if status, body := ask(t, server); status != 200 || body != good {
		t.Errorf("what was refused is in force: %d %s", status, body)
	}
}
