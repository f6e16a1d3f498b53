package up

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"datahub.io/slipway/sandbox/meddle"
)

// Person returns the account of a sandbox's directory, by its name, as somebody who changes an environment.
func Person(dir, account, environment, manager string) (*meddle.Person, error) {
	i := slices.IndexFunc(users, func(u user) bool { return u.name == account })
	if i < 0 {
		var names []string
		for _, u := range users {
			names = append(names, u.name)
		}
		return nil, fmt.Errorf("account %q is unknown; there are %s", account, strings.Join(names, ", "))
	}
	file := filepath.Join(dir, users[i].file)
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no sandbox runs in %s; start one with: sandbox up --dir %s", dir, shell(dir))
	}
	return meddle.As(file, environment, manager)
}

// keepers are the controllers that put things back, of the running sandbox. There is one for each target at most.
type keepers struct {
	d   *Dir
	say func(string, ...any)

	mu      sync.Mutex
	running map[kept]func() // each ends one, and returns when it has ended
}

// kept is what one of them keeps.
type kept struct {
	environment string
	target      meddle.Target
}

func (k kept) String() string { return fmt.Sprintf("%s of %s", k.target, k.environment) }

// handle answers POST /keep, which starts a controller for an environment and a target after a time, in place of the one that was there, and POST
// /release, which ends those that are named: all, an environment's or the one for a target. It answers with what ended.
func (k *keepers) handle(ctx context.Context, mux *http.ServeMux) {
	mux.HandleFunc("POST /keep", func(w http.ResponseWriter, r *http.Request) {
		if err := k.keep(ctx, r); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	})
	mux.HandleFunc("POST /release", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(k.release(r.URL.Query()))
	})
}

func (k *keepers) keep(ctx context.Context, r *http.Request) error {
	how := r.URL.Query()
	of := kept{how.Get("env"), meddle.Target(how.Get("on"))}
	after, err := time.ParseDuration(how.Get("after"))
	if err != nil || after < 0 {
		return fmt.Errorf("after %s: a duration is needed, such as 3s", how.Get("after"))
	}
	person, err := Person(k.d.path, "admin", of.environment, how.Get("manager"))
	if err != nil {
		return err
	}
	keeper, err := person.Keeper(r.Context(), of.target)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if end := k.running[of]; end != nil {
		end()
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	k.running[of] = func() { cancel(); <-ended }
	k.say("%s is kept as it is now: changes are put back after %s", of, after)
	go func() {
		defer close(ended)
		keeper.Run(ctx, after, func(what string) { k.say("%s: %s", of, what) })
	}()
	return nil
}

func (k *keepers) release(which url.Values) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	ended := []string{}
	for of, end := range k.running {
		if e, on := which.Get("env"), which.Get("on"); (e == "" || e == of.environment) && (on == "" || on == string(of.target)) {
			end()
			delete(k.running, of)
			ended = append(ended, of.String())
			k.say("%s is kept no more", of)
		}
	}
	slices.Sort(ended)
	return ended
}

// Keep starts a controller in the sandbox that runs in a directory: it puts back what anybody changes in a target of an environment, after a time.
// It ends with the sandbox.
func Keep(ctx context.Context, dir, environment string, on meddle.Target, after time.Duration, manager string) error {
	how := url.Values{"env": {environment}, "on": {string(on)}, "after": {after.String()}, "manager": {manager}}
	_, err := call(ctx, dir, http.MethodPost, "/keep?"+how.Encode())
	return err
}

// Release ends such controllers: those of an environment, of all if it is "", and those for a target, for all if that is "". It returns what they kept.
func Release(ctx context.Context, dir, environment string, on meddle.Target) ([]string, error) {
	body, err := call(ctx, dir, http.MethodPost, "/release?"+url.Values{"env": {environment}, "on": {string(on)}}.Encode())
	if err != nil {
		return nil, err
	}
	var ended []string
	return ended, json.Unmarshal(body, &ended)
}
