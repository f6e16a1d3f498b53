package kube

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// identitySource is the namespace that every cluster has, and has once.
const identitySource = metav1.NamespaceSystem

// identity is which cluster a Client and that of its canary speak to. An address
// may lead to another cluster tomorrow, and after a tunnel was built anew; that is
// noticed when the link is made.
type identity struct {
	mu       sync.Mutex
	expected string           // the UID that the cluster has to have; empty: any
	now      string           // as it was last read; empty: not known
	sure     bool             // it was read over this link, or may not be read
	learned  func(uid string) // told each UID that is read; may be nil
}

// fingerprint is what the cluster is known by without asking it.
func fingerprint(cfg *rest.Config) string {
	ca := cfg.CAData
	if len(ca) == 0 && cfg.CAFile != "" {
		ca, _ = os.ReadFile(cfg.CAFile) // without it nothing can be asked anyway
	}
	sum := sha256.New()
	for _, part := range [][]byte{[]byte(cfg.Host), []byte(cfg.APIPath), []byte(cfg.ServerName), ca} {
		fmt.Fprintf(sum, "%d:", len(part))
		sum.Write(part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// ID is what the cluster is known by, without asking it: its address, and its UID
// once it has said that.
func (c *Client) ID() release.ClusterID {
	c.identity.mu.Lock()
	defer c.identity.mu.Unlock()
	return release.ClusterID{UID: c.identity.now, Server: c.fingerprint}
}

// Expect makes Watch refuse any other cluster than the one with this UID; an empty
// one is any, until the first has answered. learned is told what is read.
func (c *Client) Expect(uid string, learned func(uid string)) {
	c.identity.mu.Lock()
	defer c.identity.mu.Unlock()
	c.identity.expected, c.identity.learned = uid, learned
}

// Identify asks the cluster for its UID. An empty one without an error means that
// it may not be read.
func (c *Client) Identify(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	n, err := c.kube.CoreV1().Namespaces().Get(ctx, identitySource, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read namespace %s: %w", identitySource, plainly(err))
	}
	return untrusted.Line(string(n.UID), nameBound), nil
}

// errElsewhere is a link to another cluster than the one expected.
type errElsewhere struct{ found, expected string }

func (e *errElsewhere) Error() string {
	return fmt.Sprintf("another cluster answers there: its %s has the UID %s, expected %s; nothing is done in it: start slipway again to work with this one",
		identitySource, e.found, e.expected)
}

// confirm finds out, once for each link, that it leads to the cluster expected.
// Where that may not be read, the address is all that is known.
func (c *Client) confirm(ctx context.Context) error {
	i := c.identity
	i.mu.Lock()
	sure := i.sure
	i.mu.Unlock()
	if sure {
		return nil
	}
	uid, err := c.Identify(ctx)
	i.mu.Lock()
	if err != nil && i.expected == "" && apierrors.ReasonForError(err) != metav1.StatusReasonUnknown {
		err = nil // it answers, and does not say: no record depends on it
	}
	if err != nil {
		i.mu.Unlock()
		return err
	}
	if uid != "" && i.expected == "" {
		i.expected = uid
	}
	elsewhere := uid != "" && uid != i.expected
	expected, learned := i.expected, i.learned
	if i.sure = !elsewhere; i.sure {
		i.now = uid
	}
	i.mu.Unlock()
	if uid != "" && learned != nil {
		learned(uid)
	}
	if elsewhere {
		return &errElsewhere{uid, expected}
	}
	return nil
}

// doubt makes the next link confirm where it leads.
func (c *Client) doubt() {
	c.identity.mu.Lock()
	defer c.identity.mu.Unlock()
	c.identity.sure = false
}
