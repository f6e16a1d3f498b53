package release

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Approval is what one person said about a release: the API server's name for them, when,
// and about what.
type Approval struct {
	By     string    `json:"by"` // as the API server knows them
	Groups []string  `json:"groups,omitempty"`
	At     time.Time `json:"at"`
	Answer Approving `json:"answer"`
	Of     Binding   `json:"of"`
	Reason string    `json:"reason,omitempty"` // of a rejection; never empty then
}

// Approving is an answer to a request for approval.
type Approving string

// The answers.
const (
	Approves Approving = "approve"
	Rejects  Approving = "reject"
)

// Binding is what an approval is about. When a part changes afterwards, the approval is
// void. A part that does not apply is empty.
type Binding struct {
	Version    string `json:"version"`              // "v2.5.0"
	Digest     string `json:"digest,omitempty"`     // of the image, once it is known: "sha256:…"
	Containers string `json:"containers,omitempty"` // that get the version: "gateway,migrator"
	Config     string `json:"config"`               // checksum of what the configuration asks for
	Migration  string `json:"migration,omitempty"`  // checksum of the migration's manifest
}

// difference names the parts in which an approval was about something else, in the
// order in which they matter.
func (b Binding) difference(now Binding) (parts []string) {
	for _, part := range []struct{ name, was, is string }{
		{"version", b.Version, now.Version}, {"image digest", b.Digest, now.Digest}, {"list of containers", b.Containers, now.Containers},
		{"configuration", b.Config, now.Config}, {"migration", b.Migration, now.Migration},
	} {
		if part.was != part.is {
			parts = append(parts, part.name)
		}
	}
	return parts
}

// Binds is what an approval of the release of this image has to be about.
func (p Plan) Binds(image string) Binding {
	ref := ParseImage(image)
	return Binding{Version: ref.tag(), Digest: ref.Digest, Containers: strings.Join(p.released(), ","), Config: p.checksum()}
}

// checksum is of everything that the configuration asks for. How this computer reaches the
// cluster is not part of it.
func (p Plan) checksum() string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	say("%q %q %q %q %q %q %t", p.Service, p.Image, p.Environment, p.Namespace, p.Deployment, p.Container, p.Protected)
	for _, item := range p.Items {
		say("%+v", item)
	}
	for _, metric := range p.Metrics {
		say("%+v", metric)
	}
	say("%+v %+v %+v", p.Rollback, p.Stale, p.Traffic)
	if p.Canary != nil {
		say("%+v", *p.Canary)
	}
	sum := sha256.Sum256([]byte(strings.Join(all, "\n")))
	return hex.EncodeToString(sum[:16])
}

// ApprovalRule is whose approval a release needs.
type ApprovalRule struct {
	Count   int           // of different people; at least 1
	Groups  []string      // at least one of which each of them is in; empty: anybody
	Expires time.Duration // after which an approval is void
}

// Enforcement is whether the API server keeps approvals from being forged.
type Enforcement string

// What is known of the policy.
const (
	Enforced    Enforcement = "enforced"
	NotEnforced Enforcement = "not enforced"       // there is no policy, or it is not bound
	Altered     Enforcement = "altered"            // there is one that is not the shipped one
	Unseen      Enforcement = "cannot be verified" // it may not be read
)

// Asked is who an approval may not come from: whoever began the release, or drives it.
type Asked struct {
	Of  Binding
	Not []string // the API server's names
	Now time.Time
}

// Approved judges what people said: the approvals that count, one a person; the newest
// rejection, which stands against them all until who gave it approves or withdraws it; and
// of each answer that does not count why, in the order in which they were given.
func (r ApprovalRule) Approved(asked Asked, all []Approval) (good []Approval, rejected *Approval, void []string) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Approval) int { return a.At.Compare(b.At) })
	for _, a := range all {
		if why := r.void(asked, a); why != "" {
			void = append(void, fmt.Sprintf("%s: %s", a.By, why))
			continue
		}
		good = slices.DeleteFunc(good, func(b Approval) bool { return b.By == a.By })
		if rejected != nil && rejected.By == a.By {
			rejected = nil
		}
		if a.Answer == Rejects {
			rejected = &a
			continue
		}
		good = append(good, a)
	}
	return good, rejected, void
}

// skew is by how much the clocks of two computers may differ.
const skew = 2 * time.Minute

func (r ApprovalRule) void(asked Asked, a Approval) string {
	switch changed := a.Of.difference(asked.Of); {
	case a.At.After(asked.Now.Add(skew)):
		return "it is dated in the future"
	case len(changed) > 0 && a.Of.Version != asked.Of.Version:
		return "it is about " + a.Of.Version
	case len(changed) > 0:
		return "void, changed since: " + strings.Join(changed, ", ")
	case slices.Contains(asked.Not, a.By):
		return "is the author"
	case !a.At.Add(r.Expires).After(asked.Now):
		return "expired"
	case len(r.Groups) > 0 && !slices.ContainsFunc(r.Groups, func(g string) bool { return slices.Contains(a.Groups, g) }):
		return "is in none of the groups " + strings.Join(r.Groups, ", ")
	}
	return ""
}
