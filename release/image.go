package release

import "strings"

// ImageRef is an image reference taken apart: "ghcr.io/datahub/gateway:v2.5.0@sha256:…".
type ImageRef struct {
	Repository string // registry and path: "ghcr.io/datahub/gateway", "localhost:5000/gateway"
	Tag        string // "v2.5.0", or empty
	Digest     string // "sha256:…", or empty
}

// ParseImage takes an image reference apart. It accepts any text: what is no
// reference has a strange repository, and is the same version as nothing else.
func ParseImage(image string) ImageRef {
	name, digest, _ := strings.Cut(image, "@")
	ref := ImageRef{Repository: name, Digest: digest}
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		ref.Repository, ref.Tag = name[:colon], name[colon+1:]
	}
	return ref
}

// SameVersion tells whether the image that runs is the version asked for. An
// admission webhook may add a digest, and may rewrite the registry to a mirror's.
// Another tag, another name, another digest than the one asked for, and another
// path in the same registry are another version.
func SameVersion(asked, runs string) bool {
	if asked == "" || runs == "" {
		return false
	}
	a, r := ParseImage(asked), ParseImage(runs)
	switch {
	case a.Digest != "" && a.Digest != r.Digest:
		return false
	case a.Tag != "" && a.Tag != r.tag(), a.Tag == "" && a.Digest == "" && r.tag() != latest:
		return false
	}
	return SameRepository(a.Repository, r.Repository)
}

// latest is the tag of a reference that has neither tag nor digest.
const latest = "latest"

func (r ImageRef) tag() string {
	if r.Tag == "" && r.Digest == "" {
		return latest
	}
	return r.Tag
}

// SameRepository tells whether a repository is the one asked for, or a mirror's of
// it: the whole name or its path put under another prefix, or another registry
// with the same last name.
func SameRepository(asked, runs string) bool {
	asked, runs = fullName(asked), fullName(runs)
	if asked == runs || strings.HasSuffix(runs, "/"+asked) {
		return true
	}
	askedHost, askedPath, _ := strings.Cut(asked, "/")
	host, path, _ := strings.Cut(runs, "/")
	if host == askedHost {
		return strings.HasSuffix(path, "/"+askedPath)
	}
	return lastName(askedPath) == lastName(path)
}

// fullName is a repository with the registry that a container runtime adds where
// none is named.
func fullName(repository string) string {
	const hub = "docker.io/"
	host, rest, several := strings.Cut(repository, "/")
	switch {
	case !several:
		return hub + "library/" + repository
	case host != "localhost" && !strings.ContainsAny(host, ".:"):
		return hub + repository
	case host == "index.docker.io":
		return fullName(hub + rest)
	case host+"/" == hub && !strings.Contains(rest, "/"):
		return hub + "library/" + rest
	}
	return repository
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// resolved tells whether an image that was stored in answer to a change is what
// the change asked for. A webhook that puts the digest in place of the tag leaves
// no other trace of the version.
func resolved(asked, stored string) bool {
	if SameVersion(asked, stored) {
		return true
	}
	a, s := ParseImage(asked), ParseImage(stored)
	return a.Digest == "" && s.Digest != "" && s.Tag == "" && SameRepository(a.Repository, s.Repository)
}

// Version is the tag of an image reference, or a shortened digest when it has
// only one, or "" when it has neither.
func Version(image string) string {
	ref := ParseImage(image)
	if ref.Tag != "" {
		return ref.Tag
	}
	_, hex, _ := strings.Cut(ref.Digest, ":")
	return hex[:min(len(hex), 12)]
}

// PinnedVersion is the version together with its digest, where it has both:
// "v2.5.0@sha256:0123…".
func PinnedVersion(image string) string {
	ref := ParseImage(image)
	if ref.Tag == "" || ref.Digest == "" {
		return Version(image)
	}
	return ref.Tag + "@" + shortDigest(ref.Digest)
}

// shortDigest is the beginning of a digest: "sha256:0123…".
func shortDigest(digest string) string {
	const shown = 4
	algorithm, hex, _ := strings.Cut(digest, ":")
	if len(hex) <= shown {
		return digest
	}
	return algorithm + ":" + hex[:shown] + "…"
}

// ShortImage is an image reference with its registry and path left out and its
// digest shortened: "…/datahub-gateway:v2.5.0@sha256:0123…".
func ShortImage(image string) string {
	name, digest, pinned := strings.Cut(image, "@")
	if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
		name = "…" + name[slash:]
	}
	if pinned {
		name += "@" + shortDigest(digest)
	}
	return name
}
