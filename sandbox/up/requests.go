package up

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"datahub.io/slipway/sandbox/gateway"
)

// Requests returns what the environments of the sandbox in a directory were asked and what failed, by the environments' names, since its gateway
// started or since the last reset. With reset they are counted anew from then on.
func Requests(ctx context.Context, dir string, reset bool) (map[string]gateway.Requests, error) {
	address, err := endpoint(dir, "gateway-metrics")
	if err != nil {
		return nil, err
	}
	method, url := http.MethodGet, strings.TrimSuffix(address, "/metrics")+"/requests"
	if reset {
		method, url = http.MethodPost, url+"/reset"
	}
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the gateway of the sandbox in %s does not answer: %w", dir, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		return nil, fmt.Errorf("%s %s: %s: %s", method, url, response.Status, body)
	}
	var counts map[string]gateway.Requests
	return counts, json.NewDecoder(response.Body).Decode(&counts)
}

// endpoint returns one of the endpoints in DIR/ready.
func endpoint(dir, name string) (string, error) {
	file := filepath.Join(dir, readyFile)
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("no sandbox is ready in %s; start one with: sandbox up --dir %s", dir, shell(dir))
	} else if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		if key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key == name {
			return value, nil
		}
	}
	return "", fmt.Errorf("%s: found no %s, expected NAME=URL lines", file, name)
}
