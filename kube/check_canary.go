package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"datahub.io/slipway/untrusted"
)

// permissions are what a canary release asks for beside the others, as the canary
// roles of deploy/rbac.yaml grant it.
func (c Canary) permissions() []permission {
	if c.Aside {
		return c.watching()
	}
	needed := []permission{
		{group: "apps", resource: "deployments", verbs: []string{"create"}},
		{group: "apps", resource: "deployments", verbs: []string{"patch", "delete"}, object: c.Deployment},
	}
	t := c.Traffic
	if t.Kind == "" {
		return append(needed, permission{resource: "services", verbs: []string{"list"}, optional: "whether a Service selects the canary's pods is not checked"})
	}
	k := t.of()
	needed = append(needed,
		permission{group: k.group, resource: k.resource, verbs: []string{"get"}},
		permission{group: k.group, resource: k.resource, object: t.Name, verbs: []string{"patch"}},
		permission{group: k.group, resource: k.resource, verbs: []string{"watch"}, optional: "somebody else's change of the weights is seen 2 s late"},
		permission{group: k.group, resource: k.resource, verbs: []string{"list"}, optional: "whether another route leads to the canary is not known"},
	)
	needsServices := ""
	if c.Manifest != "" || t.bySubset() {
		needsServices = "selectors are not checked"
	}
	needed = append(needed,
		permission{resource: "services", verbs: []string{"get"}, optional: needsServices},
		permission{resource: "services", verbs: []string{"list"}, optional: "this check cannot say which there are"},
	)
	if t.bySubset() {
		needed = append(needed, permission{
			group: destinationRules.group, resource: destinationRules.resource, verbs: []string{"list"},
		})
	}
	return needed
}

// watching is what a canary beside rolling releases is seen by.
func (c Canary) watching() []permission {
	if c.Traffic.Kind == "" {
		return nil
	}
	k := c.Traffic.of()
	return []permission{
		{group: k.group, resource: k.resource, verbs: []string{"get"}, optional: "whether a canary that is there has traffic is not known"},
		{group: k.group, resource: k.resource, verbs: []string{"list"}, optional: "whether another route leads to the canary is not known"},
	}
}

// checkCanary looks at what a canary release goes through.
func (c *Client) checkCanary(ctx context.Context) []CheckRow {
	rows := []CheckRow{c.checkCanaryDeployment(ctx)}
	t := c.canary.Traffic
	if t.Kind == "" {
		return append(rows, c.checkPodSplit(ctx))
	}
	rows = append(rows, c.checkTraffic(ctx), c.checkRoutes(ctx))
	seen := map[string]bool{}
	for _, host := range []string{t.Stable, t.Canary} {
		if name, ok := serviceOf(host, c.namespace); ok && !seen[name] && (!t.bySubset() || t.Stable == t.Canary) {
			seen[name] = true
			rows = append(rows, c.checkService(ctx, name))
		}
	}
	return append(rows, c.checkObstacles(ctx))
}

func (c *Client) checkCanaryDeployment(ctx context.Context) CheckRow {
	row := CheckRow{Name: "deployment " + c.canary.Deployment, OK: true}
	d, err := c.second.get(ctx)
	switch {
	case err != nil:
		row.OK, row.Found, row.Next = false, short(err), "without it nobody knows whether a canary runs"
	case d != nil:
		row.Found = untrusted.Line("there is one already: "+present(d, c.container), textBound)
	case c.canary.Manifest != "":
		row.Found = "will be created from " + c.canary.Manifest
	default:
		row.Found = "will be derived from " + c.deployment
	}
	return row
}

// checkPodSplit says that counts of pods are the split, whether the canary's can be
// told from stable's, and whether they get traffic.
func (c *Client) checkPodSplit(ctx context.Context) CheckRow {
	row := CheckRow{Name: "traffic"}
	stable, err := c.get(ctx)
	if err == nil {
		var planned *appsv1.Deployment
		if planned, err = c.blueprint(ctx, stable); err == nil {
			err = c.reached(ctx, stable, planned)
		}
	}
	if err != nil {
		row.Found, row.Next = short(err), "no canary begins before that is mended"
		return row
	}
	row.OK, row.Found = true, "no canary.traffic: counts of pods are the split, to the nearest pod and at most half"
	return row
}

func (c *Client) checkTraffic(ctx context.Context) CheckRow {
	t := c.canary.Traffic
	row := CheckRow{Name: strings.ReplaceAll(t.Object(), "/", " ")}
	asked := time.Now()
	obj, err := c.readTraffic(ctx)
	split, answered := c.splitOf(asked, obj, err)
	switch {
	case !answered:
		row.Found, row.Next = short(err), "try again"
	case split.Err == "":
		row.OK, row.Found = true, untrusted.Line(strings.Join(append([]string{"stable/canary " + shares(split.Canary)}, split.Notes...), "; "), textBound)
		if split.Canary > 0 {
			c.checkTaken(ctx, &row, split.Canary)
		}
	case err == nil:
		row.Found, row.Next = split.Err, "correct the object, or canary.traffic"
	default:
		row.Found, row.Next = split.Err, c.suggestTraffic(ctx)
	}
	return row
}

// checkTaken says that the canary has traffic already: no release begins before that ends,
// unless it is the one that gave it.
func (c *Client) checkTaken(ctx context.Context, row *CheckRow, percent int) {
	row.OK, row.Next = false, "slipway canary abort gives it back to stable; no release begins before that"
	d, err := c.second.get(ctx)
	if err == nil && (d == nil || d.Spec.Replicas != nil && *d.Spec.Replicas == 0) {
		row.Found += fmt.Sprintf(": %d%% of the traffic goes to deployment %s, which has no pods", percent, c.canary.Deployment)
		return
	}
	row.Optional = true // its release may be under way
	row.Found += fmt.Sprintf(": deployment %s has %d%% of the traffic", c.canary.Deployment, percent)
}

// checkRoutes looks whether requests come to the canary by other ways than the weights.
func (c *Client) checkRoutes(ctx context.Context) CheckRow {
	row := CheckRow{Name: "other routes"}
	obj, err := c.readTraffic(ctx)
	split, _ := c.splitOf(time.Now(), obj, err)
	var o obstacles
	err = c.otherRoutes(ctx, &o)
	split = o.on(split)
	switch {
	case err != nil:
		row.Found, row.Next = short(err), "try again"
	case len(split.Routes) > 0:
		row.OK, row.Found = true, strings.Join(split.Others(), "; ")
	case split.Err != "":
		row.Optional, row.Found = true, "not known: "+split.Err
	case o.unlisted != "":
		row.Optional, row.Found = true, strings.Join(split.Others(), "; ")
	default:
		row.OK, row.Found = true, "none leads to the canary"
	}
	return row
}

func (c *Client) suggestTraffic(ctx context.Context) string {
	k := c.canary.Traffic.of()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	api, err := c.api(ctx, k)
	if err != nil {
		return "kubectl api-resources shows what is installed" // what was found says the rest
	}
	list, err := api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Sprintf("the %s there could not be listed: %s", k.resource, short(c.name(err, "list", k.resource)))
	}
	var names []string
	for _, obj := range list.Items {
		names = append(names, obj.GetName())
	}
	return oneOf("canary.traffic", k.resource, names)
}

func (c *Client) checkService(ctx context.Context, name string) CheckRow {
	row := CheckRow{Name: "service " + name}
	selector, err := c.selectorOf(ctx, name)
	var f *finding
	switch {
	case err == nil:
		row.OK, row.Found = true, "selects "+shown(selector)
		if len(selector) == 0 {
			row.Found = "has no selector"
		}
	case errors.As(err, &f):
		row.Found, row.Next = f.text, c.suggestService(ctx)
	default:
		row.Found, row.Next = short(err), "without it selectors are not checked"
	}
	return row
}

func (c *Client) suggestService(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	list, err := c.kube.CoreV1().Services(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "the services there could not be listed: " + short(c.name(err, "list", "services"))
	}
	var names []string
	for _, s := range list.Items {
		names = append(names, s.Name)
	}
	return oneOf("canary.traffic", "services", names)
}

// oneOf suggests the names that there are.
func oneOf(key, resource string, names []string) string {
	if len(names) == 0 {
		return fmt.Sprintf("there are no %s there: check environments[].namespace", resource)
	}
	slices.Sort(names)
	return untrusted.Line(fmt.Sprintf("set %s to one of: %s", key, strings.Join(names, ", ")), textBound)
}

func (c *Client) checkObstacles(ctx context.Context) CheckRow {
	row := CheckRow{Name: "canary's own pods"}
	o, err := c.obstacles(ctx)
	switch {
	case err != nil:
		row.Found, row.Next = short(err), "try again"
	case len(o.blocked) > 0:
		row.Found, row.Next = strings.Join(o.blocked, "; "), "no canary begins before that is mended"
	default:
		row.OK, row.Found = true, strings.Join(append([]string{"stable and canary are told apart"}, o.notes...), "; ")
	}
	return row
}
