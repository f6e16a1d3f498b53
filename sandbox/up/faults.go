package up

import (
	"context"
	"net/http"
	"net/url"

	"datahub.io/slipway/sandbox/faulty"
	"datahub.io/slipway/sandbox/gateway"
)

// Faults makes the Prometheus of the sandbox in a directory faulty, for the queries of one environment or for all if it is "", or takes its faults
// away. With neither it changes nothing. It returns which faults there are then, for people.
func Faults(ctx context.Context, dir, environment string, faults url.Values, reset bool) (string, error) {
	if environment != "" {
		e, err := gateway.EnvironmentNamed(environment)
		if err != nil {
			return "", err
		}
		faults.Set(faulty.Only, e.Namespace)
	}
	address, err := endpoint(dir, "prometheus")
	if err != nil {
		return "", err
	}
	method := http.MethodGet
	switch {
	case reset:
		method = http.MethodDelete
	case len(faults) > 1 || len(faults) == 1 && environment == "":
		method = http.MethodPut
	}
	request, err := http.NewRequestWithContext(ctx, method, address+faulty.Path+"?"+faults.Encode(), nil)
	if err != nil {
		return "", err
	}
	body, err := answerOf(request, "the Prometheus of the sandbox in "+dir)
	return string(body), err
}
