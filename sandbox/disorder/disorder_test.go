package disorder

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/yaml"

	"datahub.io/slipway/sandbox/gateway"
)

// shipped is the Deployment as every environment begins with it.
func shipped(t *testing.T) *appsv1.Deployment {
	t.Helper()
	data, err := os.ReadFile("../up/manifests/gateway.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	if err := yaml.NewYAMLOrJSONDecoder(strings.NewReader(string(data)), 4096).Decode(&d); err != nil {
		t.Fatal(err)
	}
	d.Spec.Template.Spec.Containers[0].Image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/datahub-gateway:v2.4.0"
	grace := int64(30) // the API's default
	d.Spec.Template.Spec.TerminationGracePeriodSeconds = &grace
	return &d
}

func patched(t *testing.T, d *appsv1.Deployment, patch string) *appsv1.Deployment {
	t.Helper()
	before, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	after, err := strategicpatch.StrategicMergePatch(before, []byte(patch), appsv1.Deployment{})
	if err != nil {
		t.Fatalf("%v: %s", err, patch)
	}
	var out appsv1.Deployment
	if err := json.Unmarshal(after, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func same(a, b *appsv1.Deployment) bool { return equality.Semantic.DeepEqual(a.Spec, b.Spec) }

func TestEveryDisorderIsUndone(t *testing.T) {
	e := gateway.Environments[0]
	for _, d := range Table {
		before := shipped(t)
		var after *appsv1.Deployment
		if (d.on == "") != (d.off == "") || d.on == "" && d.manifest == "" {
			t.Errorf("%s: on and off are not both there", d.Name)
			continue
		}
		if d.on == "" {
			continue
		}
		on, err := fill(d.Name, d.on, groundOf(e, before))
		if err != nil {
			t.Fatal(err)
		}
		if after = patched(t, before, on); same(after, before) {
			t.Errorf("%s changes nothing", d.Name)
		}
		if again := patched(t, after, on); !same(again, after) {
			t.Errorf("%s changes something when it is on already", d.Name)
		}
		if undone := patched(t, after, d.off); !same(undone, before) {
			t.Errorf("%s is not undone:\n%s\nwant\n%s", d.Name, &undone.Spec, &before.Spec)
		}
		if undone := patched(t, before, d.off); !same(undone, before) {
			t.Errorf("%s: its undo changes something where it was not on", d.Name)
		}
	}
}

func TestManifests(t *testing.T) {
	e := gateway.Environments[2]
	ground := groundOf(e, shipped(t))
	kinds := map[string]string{}
	for _, d := range Table {
		if d.manifest == "" {
			continue
		}
		all, err := render(d.manifest, ground)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			kinds[d.Name] += o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName() + " "
			if text, _ := json.Marshal(o); strings.Contains(string(text), "{{") || strings.Contains(string(text), "<no value>") {
				t.Errorf("%s: %s", d.Name, text)
			}
		}
	}
	for name, want := range map[string]string{
		"quota":           "ResourceQuota datahub-canary/sandbox ",
		"limit-range":     "LimitRange datahub-canary/sandbox ",
		"hpa":             "HorizontalPodAutoscaler datahub-canary/datahub-gateway-stable ",
		"pin-digests":     "MutatingAdmissionPolicy /pin-digests-canary MutatingAdmissionPolicyBinding /pin-digests-canary ",
		"mirror-registry": "MutatingAdmissionPolicy /mirror-registry-canary MutatingAdmissionPolicyBinding /mirror-registry-canary ",
	} {
		if kinds[name] != want {
			t.Errorf("%s: %q, want %q", name, kinds[name], want)
		}
	}
	if len(kinds) != 5 {
		t.Errorf("manifests of %d disorders, want 5: %v", len(kinds), kinds)
	}
}

func TestFind(t *testing.T) {
	if d, err := Find("quota"); err != nil || d.Name != "quota" {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := Find("chaos"); err == nil || !strings.Contains(err.Error(), "sandbox disorder") {
		t.Errorf("error: %v", err)
	}
	if _, err := Environment("nowhere"); err == nil || !strings.Contains(err.Error(), "staging, production") {
		t.Errorf("error: %v", err)
	}
}

// The README's table is this table.
func TestReadmeHasEveryRow(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Table {
		if row := "| `" + d.Name + "` | " + d.Summary + " |"; !strings.Contains(string(readme), row) {
			t.Errorf("README.md lacks the row\n%s", row)
		}
	}
}
