package kube

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"datahub.io/slipway/release"
)

func TestDerive(t *testing.T) {
	stable := stableDeployment()
	stable.Labels = map[string]string{
		"app": "gateway", "track": "stable", "team": "api",
		"argocd.argoproj.io/instance": "x", "app.kubernetes.io/instance": "x", "kustomize.toolkit.fluxcd.io/name": "x",
		"helm.toolkit.fluxcd.io/name": "x", "app.kubernetes.io/managed-by": "Helm",
	}
	stable.Annotations = map[string]string{
		"note": "kept", "deployment.kubernetes.io/revision": "7", "kubernetes.io/change-cause": "old",
		"kubectl.kubernetes.io/last-applied-configuration": "{}", "argocd.argoproj.io/tracking-id": "x", "meta.helm.sh/release-name": "x",
	}
	stable.ResourceVersion, stable.Generation = "9", 4
	stable.OwnerReferences = []metav1.OwnerReference{{Name: "rollout", UID: types.UID("o")}}
	stable.Spec.Paused, stable.Status.Replicas = true, 3
	stable.Spec.Template.Labels["pod-template-hash"] = "abc"
	stable.Spec.Template.Labels["version"] = "v1"
	one := intstr.FromInt32(1)
	stable.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &one, MaxSurge: new(intstr.FromInt32(0))}}
	before := stable.DeepCopy()

	d, err := derive(stable, "canary", map[string]string{"app": "gateway", "track": "canary"}, true)
	if err != nil {
		t.Fatal(err)
	}
	ch := applyOf(2)
	if !dress(d, ch, "app", ordered(ch).Cause) {
		t.Fatal("no container")
	}
	if d.Name != "canary" || d.Namespace != "shop" || d.UID != "" || d.ResourceVersion != "" || d.Generation != 0 || len(d.OwnerReferences) != 0 || d.Status.Replicas != 0 || d.Spec.Paused {
		t.Errorf("%+v", d.ObjectMeta)
	}
	for name, pair := range map[string][2]map[string]string{
		"labels":      {d.Labels, {"app": "gateway", "track": "canary", "team": "api", "app.kubernetes.io/managed-by": "slipway"}},
		"annotations": {d.Annotations, {"note": "kept", "kubernetes.io/change-cause": ordered(ch).Cause}},
		"selector":    {d.Spec.Selector.MatchLabels, {"app": "gateway", "track": "canary"}},
		"pod labels":  {d.Spec.Template.Labels, {"app": "gateway", "track": "canary", "version": "v1"}},
	} {
		if !maps.Equal(pair[0], pair[1]) {
			t.Errorf("%s %v, expected %v", name, pair[0], pair[1])
		}
	}
	if c := d.Spec.Template.Spec.Containers; c[0].Image != "envoy:v1" || c[1].Image != "app:v2" || *d.Spec.Replicas != 2 {
		t.Errorf("%d of %v", *d.Spec.Replicas, c)
	}
	// Of a canary of one pod none may be missing, whatever stable can do without.
	if r := d.Spec.Strategy.RollingUpdate; r.MaxUnavailable.IntVal != 0 || r.MaxSurge.IntVal != 1 || stable.Spec.Strategy.RollingUpdate.MaxUnavailable.IntVal != 1 {
		t.Errorf("%v", r)
	}
	if flatten(&stable.Spec.Template).Hash != flatten(&before.Spec.Template).Hash || !maps.Equal(stable.Labels, before.Labels) || *stable.Spec.Replicas != 3 {
		t.Error("stable was changed")
	}
}

func TestDeriveRefuses(t *testing.T) {
	app := map[string]string{"app": "gateway"}
	for _, test := range []struct {
		name             string
		labels, selector map[string]string
		own              map[string]string
		routed           bool
		err              string
	}{
		{"stable would select it", map[string]string{"app": "gateway", "track": "stable"}, app, map[string]string{"app": "gateway", "track": "canary"}, true, "the canary would be selected by stable: deployment stable selects app=gateway"},
		{"split by pods", app, app, map[string]string{trackLabel: trackValue}, false, ""},
		{"no label of its own", app, app, app, true, "the canary would select stable's pods"},
		{"stable has that label", map[string]string{"app": "gateway", trackLabel: trackValue}, app, map[string]string{trackLabel: trackValue}, false, "the canary would select stable's pods"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := derive(stableWith(test.labels, test.selector), "canary", test.own, test.routed)
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("error %v, expected %q", err, test.err)
			}
		})
	}
}

const manifestText = `# the canary
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: canary, labels: {team: api}}
spec:
  selector: {matchLabels: {app: gateway, track: canary}}
  template:
    metadata: {labels: {app: gateway, track: canary}}
    spec:
      containers:
      - {name: app, image: "app:v0"}
---
`

func TestManifest(t *testing.T) {
	for _, test := range []struct {
		name, from, to string
		err            string
	}{
		{"good", "", "", ""},
		{"with the namespace", "name: canary,", "name: canary, namespace: shop,", ""},
		{"another namespace", "name: canary,", "name: canary, namespace: other,", "is of namespace other; the release's shop is accepted"},
		{"another name", "name: canary,", "name: gateway,", `holds deployment "gateway"; canary is accepted`},
		{"another kind", "kind: Deployment", "kind: StatefulSet", `holds kind "StatefulSet" of "apps/v1"`},
		{"another version", "apps/v1", "extensions/v1beta1", "a Deployment of apps/v1 is accepted"},
		{"another container", "name: app,", "name: web,", `has no container "app"; it has web`},
		{"unknown field", "containers:", "contaners: []\n      containers:", `unknown field "spec.template.spec.contaners"`},
		{"twice", "---\n", "---\napiVersion: v1\n---\n", "holds 3 documents; exactly one"},
		{"selects others", "labels: {app: gateway, track: canary}}\n    spec", "labels: {app: gateway}}\n    spec", "does not select its own pods"},
		{"no YAML", "spec:", "spec: [", "cannot be read"},
		{"duplicate key", "kind: Deployment", "kind: Deployment\nkind: Deployment", "cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "canary.yaml")
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(manifestText, test.from, test.to)), 0o600); err != nil {
				t.Fatal(err)
			}
			if test.from == "" {
				os.WriteFile(path, []byte(manifestText), 0o600)
			}
			d, err := readManifest(path, "canary", "shop", "app")
			switch {
			case test.err == "" && err == nil && d.Name != "canary":
				t.Errorf("read %q", d.Name)
			case test.err == "" && err != nil:
				t.Error(err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), path)):
				t.Errorf("error %v, expected %q", err, test.err)
			}
		})
	}
	if _, err := readManifest("/nowhere/canary.yaml", "canary", "shop", ""); err == nil || !strings.Contains(err.Error(), "/nowhere/canary.yaml") {
		t.Errorf("error %v", err)
	}
}

// A manifest whose selector takes stable's pods is refused before anything is created,
// whatever splits the traffic.
func TestManifestSelectsStable(t *testing.T) {
	app := map[string]string{"app": "gateway"}
	path := filepath.Join(t.TempDir(), "canary.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(manifestText, "matchLabels: {app: gateway, track: canary}", "matchLabels: {app: gateway}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	const text = "the canary would select stable's pods: selector app=gateway of its manifest takes those of deployment stable too"
	for _, canary := range []Canary{podsCanary, istioCanary} {
		canary.Manifest = path
		p := pretended(t, canary, append(services(), stableWith(app, app)))
		expect(t, p.client.Apply(t.Context(), ordered(applyOf(1))), release.Denied, text)
		if canary.Traffic.Kind == "" {
			if row := p.client.checkPodSplit(t.Context()); row.OK || !strings.Contains(row.Found, text) {
				t.Errorf("%+v", row)
			}
			continue
		}
		o, err := p.client.obstacles(t.Context())
		if err != nil || !slices.ContainsFunc(o.blocked, func(b string) bool { return strings.Contains(b, text) }) {
			t.Errorf("%v %q", err, o.blocked)
		}
	}
	p := pretended(t, podsCanary, []runtime.Object{stableWith(app, app)})
	if row := p.client.checkPodSplit(t.Context()); !row.OK || !strings.Contains(row.Found, "counts of pods are the split") {
		t.Errorf("%+v", row)
	}
}

func TestCanaryOptions(t *testing.T) {
	traffic := func(f func(*Traffic)) Canary {
		c := istioCanary
		f(&c.Traffic)
		return c
	}
	for _, test := range []struct {
		canary Canary
		err    string
	}{
		{istioCanary, ""},
		{routeCanary, ""},
		{subsetTwo, ""},
		{podsCanary, ""},
		{Canary{}, "no deployment is named for the canary"},
		{Canary{Deployment: "stable"}, "which is stable's own"},
		{traffic(func(t *Traffic) { t.Kind = "Ingress" }), `kind "Ingress" is not known`},
		{traffic(func(t *Traffic) { t.Name = "" }), "no VirtualService is named"},
		{traffic(func(t *Traffic) { t.Canary = "" }), "name the Services of stable and canary"},
		{traffic(func(t *Traffic) { t.Canary = t.Stable }), "are both stable-svc"},
		{traffic(func(t *Traffic) { t.StableSubset = "a" }), "only the subset a is named"},
		{traffic(func(t *Traffic) { t.StableSubset, t.CanarySubset = "a", "a" }), "are both subset a"},
		{traffic(func(t *Traffic) { t.Kind, t.StableSubset, t.CanarySubset = HTTPRoute, "a", "b" }), "an HTTPRoute has no subsets"},
	} {
		err := test.canary.check("stable")
		if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%+v: error %v, expected %q", test.canary, err, test.err)
		}
	}
	if got := byHost.Object() + " " + byBackend.Object() + " " + (Traffic{}).Object(); got != "virtualservice/gateway httproute/gateway " {
		t.Error(got)
	}
	// Connect reads the manifest, and nothing else.
	opts := Options{Kubeconfig: kubeconfig(t, "https://127.0.0.1:1"), Deployment: "stable", Canary: &Canary{Deployment: "canary", Manifest: "/nowhere.yaml"}}
	if _, err := Connect(opts); err == nil || !strings.Contains(err.Error(), "canary.manifest: open /nowhere.yaml") {
		t.Errorf("error %v", err)
	}
	opts.Canary = &istioCanary
	if c, err := Connect(opts); err != nil || c.second.namespace != "datahub-staging" {
		t.Errorf("%+v, %v", c, err)
	}
}
