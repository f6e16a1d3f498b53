package checklist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

const (
	registryTimeout = 10 * time.Second
	registryLimit   = 4 << 20 // of one answer: a manifest, a configuration, a page of tags
	tagPages        = 5       // that are looked through for tags with a similar name
	looseEntries    = 8       // entries of an index that are looked into because it says no platform
)

// pulled is what a registry has under one digest. It never changes.
type pulled struct {
	digest    string
	platforms []string // "linux/amd64", in the index's order
	layers    []v1.Hash
	size      int64     // of the first platform's layers and configuration, as they are stored
	created   time.Time // zero: the image does not say
}

// registry reads one repository. What it has read of a digest it keeps: a tag that
// stands still costs one request without a body.
type registry struct {
	repository name.Repository
	base       http.RoundTripper

	mu    sync.Mutex
	known map[string]pulled
}

// openRegistry takes a repository as a Deployment names it.
func openRegistry(repository string) (*registry, error) {
	repo, err := name.NewRepository(repository, name.WeakValidation)
	if err != nil {
		return nil, err
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxResponseHeaderBytes = bodyLimit
	return &registry{repository: repo, base: base, known: map[string]pulled{}}, nil
}

// asking is one round of questions to a registry.
type asking struct {
	*registry
	ctx     context.Context
	limited *limited
}

func (r *registry) ask(ctx context.Context) *asking {
	return &asking{r, ctx, &limited{base: r.base}}
}

func (a *asking) options() []remote.Option {
	return []remote.Option{
		remote.WithContext(a.ctx), remote.WithAuthFromKeychain(docker{}), remote.WithTransport(a.limited),
		remote.WithUserAgent("slipway"), remote.WithJobs(1),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryStatusCodes(),
	}
}

// resolve gives the digest that a tag names now.
func (a *asking) resolve(tag string) (string, error) {
	found, err := remote.Head(a.repository.Tag(tag), a.options()...)
	if err != nil {
		// A HEAD has no body; with GET the registry says what is wrong.
		got, err := remote.Get(a.repository.Tag(tag), a.options()...)
		if err != nil {
			return "", err
		}
		return got.Digest.String(), nil
	}
	return found.Digest.String(), nil
}

// pull reads what is under a digest, the manifests and one configuration.
func (a *asking) pull(digest string) (pulled, error) {
	a.mu.Lock()
	found, ok := a.known[digest]
	a.mu.Unlock()
	if ok {
		return found, nil
	}
	descriptor, err := remote.Get(a.repository.Digest(digest), a.options()...)
	if err != nil {
		return pulled{}, err
	}
	found = pulled{digest: digest}
	if descriptor.MediaType.IsIndex() {
		err = a.readIndex(descriptor, &found)
	} else {
		err = a.readImage(descriptor, &found)
	}
	if err != nil {
		return pulled{}, err
	}
	a.mu.Lock()
	a.known[digest] = found
	a.mu.Unlock()
	return found, nil
}

// errNoImage says that something else than an image is stored there.
var errNoImage = errors.New("not a container image")

func (a *asking) readIndex(descriptor *remote.Descriptor, into *pulled) error {
	index, err := descriptor.ImageIndex()
	if err != nil {
		return fmt.Errorf("%w: %w", errNoImage, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return fmt.Errorf("%w: %w", errNoImage, err)
	}
	loose := 0
	for _, entry := range manifest.Manifests {
		if !entry.MediaType.IsImage() {
			continue
		}
		known := entry.Platform != nil && entry.Platform.OS != ""
		if known && (entry.Platform.OS == "unknown" || entry.Platform.Architecture == "unknown") {
			continue // what build tools attest about the others
		}
		first := len(into.platforms) == 0
		if known {
			into.platforms = append(into.platforms, platform(*entry.Platform))
		} else if loose++; loose > looseEntries {
			continue
		}
		if !first && known {
			continue
		}
		image, err := remote.Get(a.repository.Digest(entry.Digest.String()), a.options()...)
		if err != nil {
			return err
		}
		one := pulled{}
		if err := a.readImage(image, &one); err != nil {
			return err
		}
		if first {
			into.layers, into.size, into.created = one.layers, one.size, one.created
		}
		if !known {
			into.platforms = append(into.platforms, one.platforms...)
		}
	}
	if len(into.platforms) == 0 {
		return fmt.Errorf("%w: an index without an image", errNoImage)
	}
	return nil
}

func (a *asking) readImage(descriptor *remote.Descriptor, into *pulled) error {
	if !descriptor.MediaType.IsImage() {
		return fmt.Errorf("%w: %s", errNoImage, descriptor.MediaType)
	}
	image, err := descriptor.Image()
	if err != nil {
		return fmt.Errorf("%w: %w", errNoImage, err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		return fmt.Errorf("%w: %w", errNoImage, err)
	}
	if !manifest.Config.MediaType.IsConfig() {
		return fmt.Errorf("%w: %s", errNoImage, manifest.Config.MediaType)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	into.platforms = append(into.platforms, platform(*config.Platform()))
	into.created, into.size = config.Created.Time, manifest.Config.Size
	for _, layer := range manifest.Layers {
		into.layers = append(into.layers, layer.Digest)
		into.size += layer.Size
	}
	return nil
}

// platform is a platform as nodes name theirs: an arm64 of variant v8 is any arm64.
func platform(p v1.Platform) string { return p.OS + "/" + p.Architecture }

// nearest lists the tags of the repository whose names are most like one, at most three.
func (a *asking) nearest(tag string) ([]string, error) {
	puller, err := remote.NewPuller(a.options()...)
	if err != nil {
		return nil, err
	}
	lister, err := puller.Lister(a.ctx, a.repository)
	if err != nil {
		return nil, err
	}
	var tags []string
	for page := 0; lister.HasNext() && page < tagPages; page++ {
		next, err := lister.Next(a.ctx)
		if err != nil {
			return nil, err
		}
		tags = append(tags, next.Tags...)
	}
	return nearest(tag, tags), nil
}

// limited bounds every answer, and the redirects that lead to it; go-containerregistry
// follows those for ever. It keeps what an answer asks us to wait.
type limited struct {
	base http.RoundTripper
	wait time.Duration
}

func (l *limited) RoundTrip(request *http.Request) (*http.Response, error) {
	followed := 0
	for r := request.Response; r != nil && r.Request != nil; r = r.Request.Response {
		if followed++; followed > maxRedirects {
			return nil, errRedirects
		}
	}
	response, err := l.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable {
		l.wait = retryAfter(response.Header)
	}
	response.Body = untrusted.Body(response.Body, registryLimit)
	return response, nil
}

var errRedirects = fmt.Errorf("redirected more than %d times", maxRedirects)

// refusal is why a registry gave no answer, in words, and what follows from it.
func (a *asking) refusal(err error, tag string) finding {
	host := a.repository.RegistryStr()
	var answer *transport.Error
	var login *credentialsError
	switch {
	case errors.As(err, &login):
		return from(noData("no login", fmt.Sprintf("the login for %s could not be read: %s", host, release.WithoutSecrets(login.Error()))))
	case errors.As(err, &answer):
		return a.answered(answer, tag)
	case errors.Is(err, errNoImage):
		return from(lasting(fail("no image", fmt.Sprintf("%s:%s is %v", a.repository, tag, err))))
	}
	return from(noData("no answer", fmt.Sprintf("%s: %s", host, cause(err, registryTimeout))))
}

func (a *asking) answered(answer *transport.Error, tag string) finding {
	host, status := a.repository.RegistryStr(), answer.StatusCode
	said := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if len(answer.Errors) > 0 && answer.Errors[0].Message != "" {
		said += ": " + answer.Errors[0].Message
	}
	has := func(code transport.ErrorCode) bool {
		return slices.ContainsFunc(answer.Errors, func(d transport.Diagnostic) bool { return d.Code == code })
	}
	switch {
	case has(transport.NameUnknownErrorCode):
		return from(lasting(fail("no repository", fmt.Sprintf("%s has no repository %s", host, a.repository.RepositoryStr()))))
	case status == http.StatusNotFound:
		return a.missing(tag)
	case status == http.StatusUnauthorized:
		return from(lasting(noData("401", fmt.Sprintf("%s: %s; log in with: docker login %s", host, said, host))))
	case status == http.StatusForbidden:
		return from(lasting(noData("403", fmt.Sprintf("%s: %s; this login may not pull %s", host, said, a.repository.RepositoryStr()))))
	case a.limited.wait > 0:
		said += fmt.Sprintf("; asks to wait %s", release.Age(a.limited.wait))
	}
	result := from(noData(fmt.Sprint(status), fmt.Sprintf("%s: %s", host, said)))
	result.Wait = a.limited.wait
	return result
}

// missing says that a tag is not there, and which ones are.
func (a *asking) missing(tag string) finding {
	text := fmt.Sprintf("%s has no tag %s", a.repository, tag)
	near, err := a.nearest(tag)
	switch {
	case err != nil:
		text += "; its tags could not be listed"
	case len(near) == 0:
		text += ", and no other one"
	default:
		text += "; the nearest: " + strings.Join(near, ", ")
	}
	return from(fail("no tag", text))
}

// cause is what is wrong with a connection, without what the library repeats.
func cause(err error, timeout time.Duration) string {
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	switch {
	case errors.Is(err, errRedirects):
		return errRedirects.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", timeout)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection was closed in the middle of the answer"
	}
	return release.WithoutSecrets(err.Error())
}
