package up

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"datahub.io/slipway/sandbox/supervise"
)

// startLimit is how long a part may take to become ready.
const startLimit = 60 * time.Second

// control lets other processes stop and start parts, and have controllers put things back, over HTTP on the loopback interface: a socket's path may be longer than the 108 bytes that
// Linux allows. DIR/control holds the address and a token, readable by its owner only.
func control(ctx context.Context, d *Dir, port int, s *supervise.Supervisor, say func(string, ...any)) error {
	token := rand.Text()
	mux := http.NewServeMux()
	do := func(verb string, act func(string) error) {
		mux.HandleFunc("POST /"+verb+"/{part}", func(w http.ResponseWriter, r *http.Request) {
			part := r.PathValue("part")
			if err := act(part); err != nil {
				http.Error(w, err.Error(), http.StatusConflict)
				return
			}
			say("%s: %s", part, map[string]string{"stop": "stopped", "start": "started again"}[verb])
		})
	}
	do("stop", s.Stop)
	do("start", func(part string) error {
		limited, cancel := context.WithTimeout(ctx, startLimit)
		defer cancel()
		return s.Start(limited, part)
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(s.States()) })
	(&keepers{d: d, say: say, running: map[kept]func(){}}).handle(ctx, mux)
	listener, err := net.Listen("tcp", local(port))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			http.Error(w, "not the token of DIR/control", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	go func() { <-ctx.Done(); server.Close() }()
	return d.write(controlFile, []byte(local(port)+"\n"+token+"\n"), 0o600)
}

// call asks the sandbox of a directory to do something, and returns its answer.
func call(ctx context.Context, dir, method, path string) ([]byte, error) {
	file := filepath.Join(dir, controlFile)
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no sandbox runs in %s; start one with: sandbox up --dir %s", dir, shell(dir))
	} else if err != nil {
		return nil, err
	}
	address, token, ok := strings.Cut(strings.TrimSpace(string(data)), "\n")
	if !ok {
		return nil, fmt.Errorf("%s: found %q, expected an address and a token, one a line", file, data)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the sandbox in %s does not answer, it may have been killed: %w", dir, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(strings.TrimSpace(string(body)))
	}
	return body, nil
}

// Stop pulls the plug of one part of the sandbox that runs in a directory, and returns when it has ended.
func Stop(ctx context.Context, dir, part string) error {
	_, err := call(ctx, dir, http.MethodPost, "/stop/"+part)
	return err
}

// Start puts a part back, and returns when it is ready.
func Start(ctx context.Context, dir, part string) error {
	_, err := call(ctx, dir, http.MethodPost, "/start/"+part)
	return err
}

// Status returns how each part of the sandbox in a directory is.
func Status(ctx context.Context, dir string) ([]supervise.State, error) {
	body, err := call(ctx, dir, http.MethodGet, "/status")
	if err != nil {
		return nil, err
	}
	var states []supervise.State
	return states, json.Unmarshal(body, &states)
}
