package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	authn "k8s.io/api/authentication/v1"
	authz "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"

	"datahub.io/slipway/untrusted"
)

// CheckRow is one finding of Check.
type CheckRow struct {
	Name     string // what was looked at: "patch deployments"
	OK       bool
	Optional bool   // not OK is not an error
	Found    string // what was found
	Next     string // not OK: what to do about it
}

// permission is something that slipway asks of the API server.
type permission struct {
	group, resource, subresource string
	object                       string // the only one that it is needed for; empty: all
	verbs                        []string
	optional                     string // what is missing without it; empty: nothing works
}

// permissions are everything that slipway asks for without a canary, and exactly
// what deploy/rbac.yaml grants for that, in the order in which they are reported.
func (c *Client) permissions() []permission {
	return slices.Concat(common, []permission{
		{group: "apps", resource: "deployments", object: c.deployment, verbs: []string{"patch"}},
	})
}

var common = []permission{
	{group: "apps", resource: "deployments", verbs: []string{"get", "list", "watch"}},
	{group: "apps", resource: "replicasets", verbs: []string{"list", "watch"}},
	{resource: "pods", verbs: []string{"get", "list", "watch"}},
	{resource: "events", verbs: []string{"list", "watch"}, optional: "no events, no readiness causes"},
	{resource: "pods", subresource: "log", verbs: []string{"get"}, optional: "no last log lines in causes, no logs"},
	{group: "metrics.k8s.io", resource: "pods", verbs: []string{"list"}, optional: "no cpu and memory of single pods"},
	{resource: "namespaces", object: identitySource, verbs: []string{"get"}, optional: "a record knows its cluster by the address only"},
}

// Check looks at everything that slipway needs of the cluster, for the doctor:
// reachability, identity, each permission by name, the Deployment and its
// container, and what a canary needs where one is configured. Rows come in a fixed
// order; when the API server does not answer there is only the first.
func (c *Client) Check(ctx context.Context) []CheckRow {
	server := c.checkServer(ctx)
	if !server.OK {
		return []CheckRow{server}
	}
	rows := []CheckRow{server, c.checkIdentity(ctx)}
	rows = append(rows, c.checkPermissions(ctx)...)
	rows = append(rows, c.checkDeployment(ctx)...)
	if c.canary != nil && !c.canary.Aside {
		rows = append(rows, c.checkCanary(ctx)...)
	}
	return rows
}

func (c *Client) checkServer(ctx context.Context) CheckRow {
	row := CheckRow{Name: "API server"}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := c.kube.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, c.review("get", common[0]), metav1.CreateOptions{})
	if err != nil || answer == nil {
		row.Found = fmt.Sprintf("%s: %s", c.server, short(err))
		row.Next = fmt.Sprintf("check the address and the credentials of context %q, and the way to it (VPN, proxy)", c.cluster)
		return row
	}
	row.OK, row.Found = true, c.server
	if v, err := discovery.ToServerVersionInterfaceWithContext(c.kube.Discovery()).ServerVersionWithContext(ctx); err == nil {
		row.Found = untrusted.Line(fmt.Sprintf("%s, %s", v.GitVersion, c.server), textBound)
	}
	return row
}

func (c *Client) checkIdentity(ctx context.Context) CheckRow {
	row := CheckRow{Name: "identity", Optional: true}
	name, err := c.Whoami(ctx)
	if err != nil {
		row.Found, row.Next = short(err), "records will name the local account only"
		return row
	}
	row.OK, row.Found = true, name
	return row
}

// Whoami is the name by which the API server knows the caller.
func (c *Client) Whoami(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r, err := c.kube.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authn.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("ask the API server who this is: %w", plainly(err))
	}
	return untrusted.Line(r.Status.UserInfo.Username, nameBound), nil
}

func (c *Client) review(verb string, p permission) *authz.SelfSubjectAccessReview {
	namespace := c.namespace
	if p.resource == "namespaces" {
		namespace = p.object // as the API server sees a request for one
	}
	return &authz.SelfSubjectAccessReview{Spec: authz.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authz.ResourceAttributes{
			Namespace: namespace, Verb: verb, Group: p.group, Resource: p.resource, Subresource: p.subresource, Name: p.object,
		},
	}}
}

func (c *Client) checkPermissions(ctx context.Context) []CheckRow {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var rows []CheckRow
	var asked []*authz.SelfSubjectAccessReview
	needed := c.permissions()
	if c.canary != nil {
		needed = slices.Concat(needed, c.canary.permissions())
	}
	for _, p := range needed {
		for _, verb := range p.verbs {
			rows = append(rows, CheckRow{Name: verb + " " + p.name(), Optional: p.optional != "", Next: p.next(c.namespace)})
			asked = append(asked, c.review(verb, p))
		}
	}
	var wg sync.WaitGroup
	for i := range rows {
		wg.Go(func() {
			r, err := c.kube.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, asked[i], metav1.CreateOptions{})
			switch {
			case err != nil:
				rows[i].Found = short(err)
			case r.Status.Allowed:
				rows[i].OK, rows[i].Found, rows[i].Next = true, "allowed in "+c.namespace, ""
			default:
				rows[i].Found = untrusted.Line("not allowed in "+c.namespace+because(r.Status.Reason), textBound)
			}
		})
	}
	wg.Wait()
	return rows
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func (p permission) name() string {
	name := p.resource
	if p.subresource != "" {
		name += "/" + p.subresource
	}
	if p.group == "metrics.k8s.io" {
		name += "." + p.group
	}
	if p.object != "" {
		name += "/" + p.object
	}
	return name
}

func (p permission) next(namespace string) string {
	next := fmt.Sprintf("bind a role of %s in namespace %s", manifest, namespace)
	if p.object != "" {
		next += ", with this name in its resourceNames"
	}
	if p.optional != "" {
		next += "; without it: " + p.optional
	}
	return next
}

func (c *Client) checkDeployment(ctx context.Context) []CheckRow {
	row := CheckRow{Name: "deployment " + c.deployment}
	d, err := c.get(ctx)
	switch {
	case err != nil:
		row.Found = short(err)
		return []CheckRow{row}
	case d == nil:
		row.Found, row.Next = "not in namespace "+c.namespace, c.suggest(ctx)
		return []CheckRow{row}
	}
	row.OK, row.Found = true, fmt.Sprintf("generation %d in %s", d.Generation, c.namespace)
	names := containerNames(d)
	name := released(&d.Spec.Template.Spec, c.container)
	inside := CheckRow{Name: "container " + name, OK: imageOf(&d.Spec.Template.Spec, name) != ""}
	if inside.OK {
		inside.Found = untrusted.Line(imageOf(&d.Spec.Template.Spec, name), textBound)
	} else {
		inside.Found = "not in deployment " + c.deployment
		inside.Next = "set deployment.container to one of: " + strings.Join(names, ", ")
	}
	rows := []CheckRow{row, inside}
	if _, err := c.measure(ctx, metav1.FormatLabelSelector(d.Spec.Selector)); err != nil {
		return append(rows, CheckRow{
			Name: "metrics.k8s.io", Optional: true, Found: short(err),
			Next: "install metrics-server to see cpu and memory of single pods",
		})
	}
	return append(rows, CheckRow{Name: "metrics.k8s.io", Optional: true, OK: true, Found: "answers"})
}

func (c *Client) suggest(ctx context.Context) string {
	names, err := c.Deployments(ctx)
	switch {
	case err != nil:
		return "the deployments there could not be listed: " + short(err)
	case len(names) == 0:
		return "there are no deployments there: check environments[].namespace"
	default:
		return "set deployment.name to one of: " + strings.Join(names, ", ")
	}
}

// Deployments lists the names of the Deployments in the namespace, sorted.
func (c *Client) Deployments(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	list, err := c.kube.AppsV1().Deployments(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list deployments: %w", plainly(c.name(err, "list", "deployments")))
	}
	var names []string
	for _, d := range list.Items {
		names = append(names, untrusted.Line(d.Name, nameBound))
	}
	slices.Sort(names)
	return names, nil
}
