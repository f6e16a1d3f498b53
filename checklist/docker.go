package checklist

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	dockerconfig "github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	dockercredentials "github.com/docker/cli/cli/config/credentials"
	"github.com/docker/cli/cli/config/types"
	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"datahub.io/slipway/untrusted"
)

const (
	helperTimeout = 5 * time.Second
	helperOutput  = 64 << 10
	dockerBound   = 1 << 20
)

// docker is the keychain of Docker's configuration: what `docker login` wrote, and
// credential helpers such as docker-credential-ecr-login. Where it has nothing for a
// registry, that one is asked anonymously.
//
// The keychain of go-containerregistry does the same, but lets a helper run for ever
// and write into our screen.
type docker struct{}

// Resolve implements authn.Keychain.
func (d docker) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return d.ResolveContext(context.Background(), target)
}

// ResolveContext implements authn.ContextKeychain.
func (docker) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	path := dockerConfig()
	if path == "" {
		return authn.Anonymous, nil
	}
	text, err := untrusted.ReadFile(path, dockerBound)
	if err != nil {
		return nil, &credentialsError{"", err}
	}
	file, err := dockerconfig.LoadFromReader(bytes.NewReader(text))
	if err != nil {
		return nil, &credentialsError{"", fmt.Errorf("read %s: %w", path, err)}
	}
	for _, key := range []string{target.String(), target.RegistryStr()} {
		if key == name.DefaultRegistry {
			key = authn.DefaultAuthKey
		}
		found, err := login(ctx, file, key)
		if err != nil {
			return nil, err
		}
		if found != (authn.AuthConfig{}) {
			return authn.FromConfig(found), nil
		}
	}
	return authn.Anonymous, nil
}

// credentialsError says that there may be a login, and that it could not be read.
type credentialsError struct {
	helper string
	err    error
}

func (e *credentialsError) Error() string {
	if e.helper != "" {
		return fmt.Sprintf("%s: %v", e.helper, e.err)
	}
	return e.err.Error()
}

func (e *credentialsError) Unwrap() error { return e.err }

// login is what the configuration has for a registry; the zero value: nothing.
func login(ctx context.Context, file *configfile.ConfigFile, key string) (authn.AuthConfig, error) {
	if helper := cmp.Or(file.CredentialHelpers[key], file.CredentialsStore); helper != "" {
		return askHelper(ctx, "docker-credential-"+helper, key)
	}
	found, err := dockercredentials.NewFileStore(file).Get(key)
	if err != nil {
		return authn.AuthConfig{}, &credentialsError{"", err}
	}
	if found.ServerAddress = ""; found == (types.AuthConfig{}) {
		return authn.AuthConfig{}, nil
	}
	return authn.AuthConfig{
		Username: found.Username, Password: found.Password, Auth: found.Auth,
		IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken,
	}, nil
}

// askHelper runs a credential helper. It may take a bounded time, writes nothing to the
// terminal, and cannot ask there.
func askHelper(ctx context.Context, program, key string) (authn.AuthConfig, error) {
	ctx, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	found, err := client.Get(func(args ...string) client.Program { return helper(ctx, program, args) }, key)
	switch {
	case credentials.IsErrCredentialsNotFound(err):
		return authn.AuthConfig{}, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return authn.AuthConfig{}, &credentialsError{program, fmt.Errorf("no answer within %s", helperTimeout)}
	case err != nil:
		return authn.AuthConfig{}, &credentialsError{program, err}
	}
	const identity = "<token>" // in place of a user name, by the protocol
	if found.Username == identity {
		return authn.AuthConfig{IdentityToken: found.Secret}, nil
	}
	return authn.AuthConfig{Username: found.Username, Password: found.Secret}, nil
}

// helperRun is a run of a credential helper.
type helperRun struct {
	command *exec.Cmd
	said    *tail
}

func helper(ctx context.Context, program string, args []string) client.Program {
	run := &helperRun{exec.CommandContext(ctx, program, args...), &tail{limit: longest}}
	run.command.Stderr = run.said
	// A session of its own: no terminal to ask on, and all of it ends at once.
	run.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	run.command.Cancel = func() error { return syscall.Kill(-run.command.Process.Pid, syscall.SIGKILL) }
	run.command.WaitDelay = time.Second
	return run
}

// Input implements client.Program.
func (r *helperRun) Input(in io.Reader) { r.command.Stdin = in }

// Output implements client.Program.
func (r *helperRun) Output() ([]byte, error) {
	out := &tail{limit: helperOutput}
	r.command.Stdout = out
	err := r.command.Run()
	if exited := new(exec.ExitError); errors.As(err, &exited) && len(r.said.text) > 0 {
		err = fmt.Errorf("%w: %s", err, untrusted.Line(string(r.said.text), longest))
	}
	if err == nil && out.cut {
		err = &untrusted.TooLargeError{Limit: helperOutput}
	}
	return out.text, err
}

// tail keeps the beginning of what is written to it.
type tail struct {
	limit int
	text  []byte
	cut   bool
}

func (t *tail) Write(p []byte) (int, error) {
	kept := p[:min(len(p), t.limit-len(t.text))]
	t.text, t.cut = append(t.text, kept...), t.cut || len(kept) < len(p)
	return len(p), nil
}

// dockerConfig is the file that has the logins: Docker's, or Podman's where there is none.
func dockerConfig() string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	places := []string{os.Getenv("REGISTRY_AUTH_FILE")}
	if dir := cmp.Or(os.Getenv("DOCKER_CONFIG"), under(home, ".docker")); dir != "" {
		places = append([]string{filepath.Join(dir, "config.json")}, places...)
	}
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), cmp.Or(os.Getenv("XDG_CONFIG_HOME"), under(home, ".config"))} {
		places = append(places, under(dir, "containers/auth.json"))
	}
	for _, place := range places {
		if info, err := os.Stat(place); strings.TrimSpace(place) != "" && err == nil && !info.IsDir() {
			return place
		}
	}
	return ""
}

func under(dir, path string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, path)
}
