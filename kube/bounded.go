package kube

import (
	"net/http"

	"datahub.io/slipway/untrusted"
)

// answerBound is more than any list that slipway asks for has.
const answerBound = 64 << 20

// boundedAnswers bounds what is read of an answer. What is followed has no end: watches
// and logs are read piece by piece, each bounded where it is read.
type boundedAnswers struct{ next http.RoundTripper }

func (b boundedAnswers) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if q := request.URL.Query(); q.Get("watch") == "" && q.Get("follow") == "" {
		response.Body = untrusted.Body(response.Body, answerBound)
	}
	return response, nil
}

// WrappedRoundTripper lets idle connections be closed below.
func (b boundedAnswers) WrappedRoundTripper() http.RoundTripper { return b.next }
