package up

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"datahub.io/slipway/sandbox/gateway"
)

// Requests returns what the environments of the sandbox in a directory were asked and what failed, by the environments' names, since its gateway
// started or since the last reset. With reset they are counted anew from then on.
func Requests(ctx context.Context, dir string, reset bool) (map[string]gateway.Requests, error) {
	method, path := http.MethodGet, "/requests"
	if reset {
		method, path = http.MethodPost, "/requests/reset"
	}
	body, err := askGateway(ctx, dir, method, path)
	if err != nil {
		return nil, err
	}
	var counts map[string]gateway.Requests
	return counts, json.Unmarshal(body, &counts)
}

// Disturb has the gateway of the sandbox in a directory disturb an environment's traffic: the verbs are those of the gateway's paths.
func Disturb(ctx context.Context, dir, environment, verb string, how url.Values) error {
	if _, err := gateway.EnvironmentNamed(environment); err != nil {
		return err
	}
	_, err := askGateway(ctx, dir, http.MethodPost, "/"+environment+"/"+verb+"?"+how.Encode())
	return err
}

// Move lets a tag of the registry name an image that was built again, or with back the first one.
func Move(ctx context.Context, dir, tag string, back bool) error {
	address, err := endpoint(dir, "registry")
	if err != nil {
		return err
	}
	how := url.Values{"tag": {tag}}
	if back {
		how.Set("back", "1")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/move?"+how.Encode(), nil)
	if err != nil {
		return err
	}
	_, err = answerOf(request, "the registry of the sandbox in "+dir)
	return err
}

// askGateway returns the answer of the gateway.
func askGateway(ctx context.Context, dir, method, path string) ([]byte, error) {
	address, err := endpoint(dir, "gateway-metrics")
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(address, "/metrics")+path, nil)
	if err != nil {
		return nil, err
	}
	return answerOf(request, "the gateway of the sandbox in "+dir)
}

// answerOf returns the body of an answer with status 200. What was refused is an error in the words of whoever was asked.
func answerOf(request *http.Request, who string) ([]byte, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer: %w", who, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode == http.StatusBadRequest:
		return nil, errors.New(strings.TrimSpace(string(body)))
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s %s: %s: %s", request.Method, request.URL, response.Status, body)
	}
	return body, nil
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
