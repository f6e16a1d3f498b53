package metrics

import (
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// Whatever Prometheus answers, and for however long: what is read of it has an end,
// in size after decompression and in time, and the error says which.
func TestAnswersAreBounded(t *testing.T) {
	junk := strings.Repeat("x", 64<<10)
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(junk)); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"endless": {endless, "the answer is larger than 1 MiB: aggregate the query"},
		"an endless error": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			endless(w, r)
		}, "the answer is larger than 1 MiB"},
		"many series": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"status":"success","data":{"resultType":"vector","result":[`))
			for range 50_000 {
				_, _ = w.Write([]byte(`{"metric":{"pod":"a-long-name"},"value":[1,"1"]},`))
			}
			_, _ = w.Write([]byte(`{"metric":{},"value":[1,"1"]}]}}`))
		}, "the answer is larger than 1 MiB"},
		"a bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 4096 { // 256 MiB
				if _, err := z.Write([]byte(junk)); err != nil {
					return
				}
			}
			_ = z.Close()
		}, "the answer is larger than 1 MiB"},
		"a trickle": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(" "))
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(10 * time.Millisecond):
				}
			}
		}, "no answer within 500ms"},
		"headers": {func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				w.Header().Add("X-Junk", junk[:8<<10])
			}
		}, "server response headers exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.answer)
			defer server.Close()
			q := client(t, server.URL, func(o *Options) {
				o.Timeout = time.Minute // for what is bounded in size, however slow the machine
				if name == "a trickle" {
					o.Timeout = 500 * time.Millisecond
				}
			})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := q.query(t.Context(), "up")
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("%d MiB were used", used>>20)
			}
		})
	}
}

// No error shows a secret of an address: neither the one configured nor that of a
// proxy.
func TestErrorsHaveNoSecrets(t *testing.T) {
	for _, address := range []string{"http://user:s3cr%t@h", "http://user:s3cret@h:x", "user:s3cret@h", "http://user:s3c/ret@h", "ftp://user:s3cret@h?token=s3cret"} {
		_, err := New(Options{URL: address, Every: time.Second})
		if err == nil || strings.Contains(err.Error(), "s3c") {
			t.Errorf("%s: %v", address, err)
		}
	}
	c := client(t, "http://user:s3cret@127.0.0.1:1/?token=s3cret", nil)
	for _, row := range c.Check(t.Context()) {
		if text := row.Found + row.Next; strings.Contains(text, "s3c") || row.OK {
			t.Errorf("%+v", row)
		}
	}
	if _, _, err := c.Peak(t.Context(), release.ErrorRate, time.Time{}); err == nil || strings.Contains(err.Error(), "s3c") {
		t.Errorf("%v", err)
	}
}
