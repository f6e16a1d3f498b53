package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// manifest is where the missing permissions can be found.
const manifest = "deploy/rbac.yaml"

// accessError is a 403, said in terms of the permission that is missing.
type accessError struct {
	verb, resource, namespace string
	err                       error
}

func (e *accessError) Error() string {
	return fmt.Sprintf("forbidden: %s %s in namespace %s is not allowed; see %s", e.verb, e.resource, e.namespace, manifest)
}

func (e *accessError) Unwrap() error { return e.err }

// name gives a refusal the name of the missing permission and leaves every
// other error as it is.
func (c *Client) name(err error, verb, resource string) error {
	if err == nil || !apierrors.IsForbidden(err) || !authorizes(err) {
		return err
	}
	return &accessError{verb: verb, resource: resource, namespace: c.namespace, err: err}
}

// authorizes tells a 403 of the authorizer from one of an admission plugin
// (a quota, a policy), whose own words are the reason.
func authorizes(err error) bool {
	return strings.Contains(err.Error(), " cannot ")
}

// short says in one line, for people, why a request failed.
func short(err error) string {
	var access *accessError
	var op *net.OpError
	var dns *net.DNSError
	var web *url.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &access):
		return untrusted.Line(access.Error(), 300)
	case apierrors.IsUnauthorized(err):
		return "unauthorized: the API server does not accept these credentials"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &dns):
		return untrusted.Line(fmt.Sprintf("lookup %s: %s", dns.Name, dns.Err), 300)
	case errors.As(err, &op):
		return untrusted.Line(strings.ReplaceAll(op.Error(), ": connect: ", ": "), 300)
	case errors.As(err, &web):
		return untrusted.Line(release.WithoutSecrets(web.Err.Error()), 300)
	default:
		return untrusted.Line(release.WithoutSecrets(err.Error()), 300)
	}
}
