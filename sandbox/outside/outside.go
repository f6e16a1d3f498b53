// Package outside is what a release needs beside its cluster: a container registry with the gateway's images, and an API such as GitHub Enterprise's
// over a git repository with the gateway's tags and their checks. Both are on one address.
package outside

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Main serves until it is told to end, and returns the exit code.
func Main(args []string) int {
	flags := flag.NewFlagSet("outside", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:5000", "address to serve on")
	dir := flags.String("dir", "", "directory for the git repository, which is made where there is none")
	flags.Parse(args)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "outside:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, listen, dir string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	s := &service{images: images{address: listener.Addr().String()}, repository: repository{dir}}
	server := &http.Server{Handler: s.handler()}
	go func() { <-ctx.Done(); server.Close() }()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err := s.fill(); err != nil {
		server.Close()
		return err
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type service struct {
	images     images
	repository repository
	ready      atomic.Bool
}

// fill pushes the images and makes the repository.
func (s *service) fill() error {
	if err := s.repository.create(); err != nil {
		return err
	}
	for _, v := range versions {
		if v.image == none {
			continue
		}
		if err := s.images.push(v.name, v.image, false); err != nil {
			return fmt.Errorf("push %s: %w", v.name, err)
		}
	}
	s.ready.Store(true)
	return nil
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v2/", registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	mux.Handle("/api/v3/repos/datahub/gateway/", &api{s.repository})
	mux.Handle("/api/v3/repos/datahub/gateway", &api{s.repository})
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready.Load() {
			http.Error(w, "not filled yet", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("POST /move", func(w http.ResponseWriter, r *http.Request) {
		tag := r.FormValue("tag")
		v, ok := versionNamed(tag)
		if !ok || v.image == none {
			http.Error(w, fmt.Sprintf("no image %q", tag), http.StatusNotFound)
			return
		}
		if err := s.images.push(tag, v.image, r.FormValue("back") == ""); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return mux
}

// kind is which platforms an image has.
type kind string

const (
	none  kind = "" // it is not in the registry
	two   kind = "linux/amd64 linux/arm64"
	arm64 kind = "linux/arm64"
)

// version is one of the gateway's, as the outside knows it.
type version struct {
	name        string
	image       kind
	lightweight bool // its git tag
	aside       bool // its commit is not on main
	load, scan  result
}

// result is how a check of a version ended: its GitHub conclusion, or "" while it runs.
type result struct{ conclusion, title string }

var (
	loadGood  = result{"success", "p95 61ms at 18,000/s"}
	scanGood  = result{"success", "0 critical, 2 medium"}
	scanBad   = result{"failure", "1 critical, 2 medium"}
	loadSlow  = result{"failure", "p95 182ms at 18,000/s"}
	runsStill = result{"", "running"}
)

// versions in the order of their commits. The suffixes are those of the table in behaviour.
var versions = []version{
	{"v2.3.0", two, false, false, loadGood, scanGood},
	{"v2.3.1", two, false, false, loadGood, scanGood},
	{"v2.3.2", two, false, false, loadGood, scanGood},
	{"v2.4.0", two, false, false, loadGood, scanGood},
	{"v2.4.1", arm64, true, false, loadGood, scanGood},
	{"v2.5.0", two, false, false, loadGood, scanGood},
	{"v2.5.0-slow", two, false, false, loadSlow, scanGood},
	{"v2.5.0-errors", two, false, false, loadGood, scanBad},
	{"v2.5.0-late", two, false, false, runsStill, scanGood},
	{"v2.5.0-crash", two, false, false, loadGood, result{"skipped", ""}},
	{"v2.5.0-unready", two, false, false, loadGood, scanGood},
	{"v2.5.0-missing", none, false, false, loadGood, scanGood},
	{"v2.6.0", two, false, true, loadGood, scanGood},
}

func versionNamed(name string) (version, bool) {
	for _, v := range versions {
		if v.name == name {
			return v, true
		}
	}
	return version{}, false
}
