package kube

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"

	"datahub.io/slipway/release"
)

// roles reads the ClusterRoles that are shipped.
func roles(t testing.TB) map[string]*rbac.ClusterRole {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "deploy", "rbac.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*rbac.ClusterRole{}
	for doc := range bytes.SplitSeq(raw, []byte("\n---\n")) {
		var role rbac.ClusterRole
		if err := yaml.Unmarshal(doc, &role); err != nil {
			t.Fatal(err)
		}
		if role.Kind == "ClusterRole" {
			found[role.Name] = &role
		}
	}
	return found
}

// granted lists what rules grant, one line for each verb of each resource. What
// changes something that is there is for named objects.
func granted(t *testing.T, rules []rbac.PolicyRule) map[string]bool {
	t.Helper()
	lines := map[string]bool{}
	for _, rule := range rules {
		if len(rule.NonResourceURLs) > 0 {
			t.Errorf("rule %v is not about objects", rule)
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					line := verb + " " + group + "/" + resource
					if len(rule.ResourceNames) > 0 {
						line += ", named"
					} else if verb == "patch" || verb == "delete" {
						t.Errorf("rule %v changes any object", rule)
					}
					if lines[line] {
						t.Errorf("%s is granted twice", line)
					}
					lines[line] = true
				}
			}
		}
	}
	return lines
}

// asked lists what permissions ask for, as granted does.
func asked(all ...[]permission) map[string]bool {
	lines := map[string]bool{}
	for _, p := range slices.Concat(all...) {
		resource := p.resource
		if p.subresource != "" {
			resource += "/" + p.subresource
		}
		for _, verb := range p.verbs {
			line := verb + " " + p.group + "/" + resource
			if p.object != "" {
				line += ", named"
			}
			lines[line] = true
		}
	}
	return lines
}

// The manifest grants what is asked for, and no more; the roles of a canary what
// each kind of it adds.
func TestRolesArePermissions(t *testing.T) {
	shipped := roles(t)
	if names := slices.Sorted(maps.Keys(shipped)); !slices.Equal(names, []string{"slipway-canary-engineer", "slipway-canary-viewer", "slipway-engineer", "slipway-identity", "slipway-nodes", "slipway-pull-secrets", "slipway-viewer"}) {
		t.Fatalf("roles %v", names)
	}
	var gateway Client
	gateway.deployment = "gateway"
	for prefix, asked := range map[string]map[string]bool{
		"slipway-":        asked(gateway.permissions()),
		"slipway-canary-": asked(istioCanary.permissions(), routeCanary.permissions(), subsetTwo.permissions(), podsCanary.permissions()),
	} {
		rules := slices.Concat(shipped[prefix+"viewer"].Rules, shipped[prefix+"engineer"].Rules)
		if prefix == "slipway-" {
			rules = slices.Concat(rules, shipped["slipway-identity"].Rules)
		}
		grants := granted(t, rules)
		for line := range asked {
			if !grants[line] {
				t.Errorf("%s* does not grant %s, which is needed", prefix, line)
			}
		}
		for line := range grants {
			if !asked[line] {
				t.Errorf("%s* grants %s, which is not needed", prefix, line)
			}
		}
		for line := range granted(t, shipped[prefix+"viewer"].Rules) {
			if verb, _, _ := strings.Cut(line, " "); verb != "get" && verb != "list" && verb != "watch" {
				t.Errorf("a viewer may %s", line)
			}
		}
	}
}

// What an item of type image asks for besides has roles of its own.
func TestGroundRolesArePermissions(t *testing.T) {
	shipped := roles(t)
	for name, asks := range map[string][]permission{"slipway-nodes": nodePermissions, "slipway-pull-secrets": secretPermissions} {
		if grants := granted(t, shipped[name].Rules); !maps.Equal(grants, asked(asks)) {
			t.Errorf("%s grants %v, asked for is %v", name, grants, asked(asks))
		}
	}
}

// bind makes all clients from here on those of somebody who has these shipped roles,
// with these names in place of the examples, and nothing else.
func (w *world) bind(own []string, names ...string) {
	w.t.Helper()
	shipped := roles(w.t)
	var rules []rbac.PolicyRule
	for _, name := range names {
		for _, rule := range shipped[name].Rules {
			if len(rule.ResourceNames) > 0 {
				rule.ResourceNames = own
			}
			rules = append(rules, rule)
		}
	}
	user := "somebody-in-" + w.namespace
	everywhere := metav1.ObjectMeta{Name: user}
	if _, err := w.admin.RbacV1().ClusterRoleBindings().Create(w.t.Context(), &rbac.ClusterRoleBinding{
		ObjectMeta: everywhere,
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: "slipway-identity"},
		Subjects:   []rbac.Subject{{APIGroup: rbac.GroupName, Kind: rbac.UserKind, Name: user}},
	}, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := w.admin.RbacV1().ClusterRoleBindings().Delete(context.Background(), user, metav1.DeleteOptions{}); err != nil {
			w.t.Error(err)
		}
	})
	name := metav1.ObjectMeta{Name: "slipway"}
	if _, err := w.admin.RbacV1().Roles(w.namespace).Create(w.t.Context(), &rbac.Role{ObjectMeta: name, Rules: rules}, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.admin.RbacV1().RoleBindings(w.namespace).Create(w.t.Context(), &rbac.RoleBinding{
		ObjectMeta: name,
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: name.Name},
		Subjects:   []rbac.Subject{{APIGroup: rbac.GroupName, Kind: rbac.UserKind, Name: user}},
	}, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	w.config = rest.CopyConfig(w.config)
	w.config.Impersonate.UserName = user
}

// With those roles and nothing else everything works.
func TestRolesSuffice(t *testing.T) {
	w := sandbox(t)
	w.bind([]string{"gateway"}, "slipway-viewer", "slipway-engineer")
	w.deploy("gateway", "gateway:v1")
	d := w.change("gateway", func(d *appsv1.Deployment) {
		one := int32(1)
		image("v2")(d)
		d.Spec.Replicas = &one
	})
	c := w.client("gateway", nil)
	w.eventually("the role to count", func() bool { return rows(c, t)["patch deployments/gateway"].OK })
	for name, r := range rows(c, t) {
		if !r.OK {
			t.Errorf("%s: %s", name, r.Found)
		}
	}
	unforbidden := func(seen release.Workload) bool {
		return !slices.ContainsFunc(seen.Events, func(n release.Note) bool { return n.Reason == "Forbidden" || n.Reason == "Events" })
	}
	if seen, err := c.Snapshot(t.Context()); err != nil || !unforbidden(seen) {
		t.Errorf("%+v, %v", seen.Events, err)
	}
	seen := w.watch(c).sees("a pod and events", 0, func(seen release.Workload) bool {
		return len(seen.Pods) == 1 && len(seen.Events) > 0
	})
	if !unforbidden(seen) {
		t.Errorf("%+v", seen.Events)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var lines atomic.Int32
	if err := c.Logs(ctx, seen.Pods[0].Name, func(string) { lines.Add(1); cancel() }); err != nil || lines.Load() == 0 {
		t.Errorf("%d lines of its log, %v", lines.Load(), err)
	}
	expect(t, c.Apply(t.Context(), ordered(w.undoOf(d, 1))), release.Accepted)
}
