package checklist

import (
	"bytes"
	"io"
	"net/http"
	"sync"

	"datahub.io/slipway/untrusted"
)

const (
	conditionalLimit = 4 << 20 // of one answer
	conditionalMost  = 64      // answers that are kept
)

// conditional asks for what it has read before only if that has changed, as GitHub asks
// of its clients: an answer 304 costs nothing of the rate limit. Its answers are whole,
// and bounded.
type conditional struct {
	base http.RoundTripper

	mu   sync.Mutex
	kept map[string]keptAnswer
}

type keptAnswer struct {
	tag    string
	header http.Header
	body   []byte
}

// RoundTrip implements http.RoundTripper.
func (c *conditional) RoundTrip(request *http.Request) (*http.Response, error) {
	key := request.URL.String()
	c.mu.Lock()
	before, known := c.kept[key]
	c.mu.Unlock()
	if known && request.Method == http.MethodGet {
		request = request.Clone(request.Context())
		request.Header.Set("If-None-Match", before.tag)
	}
	response, err := c.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(untrusted.Body(response.Body, conditionalLimit))
	if err != nil {
		return nil, err
	}
	tag := response.Header.Get("ETag")
	switch {
	case known && response.StatusCode == http.StatusNotModified:
		header := before.header.Clone()
		for name, values := range response.Header { // the rate limit is that of now
			header[name] = values
		}
		response.StatusCode, response.Status, response.Header, body = http.StatusOK, "200 OK", header, before.body
	case request.Method == http.MethodGet && response.StatusCode == http.StatusOK && tag != "":
		c.mu.Lock()
		if c.kept == nil || len(c.kept) >= conditionalMost {
			c.kept = map[string]keptAnswer{}
		}
		c.kept[key] = keptAnswer{tag, response.Header.Clone(), body}
		c.mu.Unlock()
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}
