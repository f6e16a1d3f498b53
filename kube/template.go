package kube

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// hashLength is how many hex digits of SHA-256 stand for a template.
const hashLength = 24

// flatten makes sorted fields of a pod template, so that two can be compared
// and their difference shown. List elements are named by what identifies them
// (containers[gateway].env, not containers[0].env[3]), so that an insertion
// does not shift everything after it.
//
// The hash covers the template itself, order included: equal hashes mean that
// the controller would see the same template (kubectl's equalIgnoreHash).
func flatten(t *corev1.PodTemplateSpec) release.Template {
	raw, err := json.Marshal(withoutHash(t))
	if err != nil {
		return release.Template{} // a typed object always marshals
	}
	sum := sha256.Sum256(raw)
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return release.Template{}
	}
	w := &walker{}
	w.object("", child(tree, "spec"))
	w.object("metadata", child(tree, "metadata"))
	slices.SortStableFunc(w.fields, func(a, b release.Field) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Key, b.Key))
	})
	return release.Template{Hash: hex.EncodeToString(sum[:])[:hashLength], Fields: w.fields}
}

// withoutHash is the template without the label that the controller adds.
func withoutHash(t *corev1.PodTemplateSpec) *corev1.PodTemplateSpec {
	t = t.DeepCopy()
	delete(t.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	if len(t.Labels) == 0 {
		t.Labels = nil
	}
	return t
}

func child(m map[string]any, key string) map[string]any {
	c, _ := m[key].(map[string]any)
	return c
}

type walker struct{ fields []release.Field }

func (w *walker) object(path string, m map[string]any) {
	for key, value := range m {
		switch v := value.(type) {
		case map[string]any:
			if len(v) == 0 { // "emptyDir: {}" says something
				w.leaf(path, key, "{}")
				continue
			}
			w.object(join(path, untrusted.Line(key, nameBound)), v)
		case []any:
			w.list(path, key, v)
		case nil:
		default:
			w.leaf(path, key, scalar(v))
		}
	}
}

func (w *walker) list(path, key string, list []any) {
	under := join(path, untrusted.Line(key, nameBound))
	names := identities(key, list)
	if names == nil {
		w.leaf(path, key, flow(list))
		return
	}
	for i, element := range list {
		m := element.(map[string]any)
		if key == "env" {
			w.leaf(under, names[i], variable(m))
			continue
		}
		w.object(under+"["+untrusted.Line(names[i], nameBound)+"]", m)
	}
}

func (w *walker) leaf(path, key, value string) {
	if path == "" {
		path = "spec"
	}
	w.fields = append(w.fields, release.Field{Path: path, Key: untrusted.Line(key, nameBound), Value: value})
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// identifying says what tells elements of a list apart; all others are told
// apart by name.
var identifying = map[string]string{
	"volumeMounts":              "mountPath",
	"volumeDevices":             "devicePath",
	"hostAliases":               "ip",
	"topologySpreadConstraints": "topologyKey",
	"items":                     "key",
	"matchExpressions":          "key",
	"readinessGates":            "conditionType",
}

// identities names the elements of a list of objects; by their position where
// nothing identifies them. It is nil for a list of anything else.
func identities(key string, list []any) []string {
	by := cmp.Or(identifying[key], "name")
	names := make([]string, len(list))
	seen := map[string]bool{}
	for i, element := range list {
		m, ok := element.(map[string]any)
		if !ok {
			return nil
		}
		name, _ := m[by].(string)
		if key == "ports" && name == "" {
			name = fmt.Sprintf("%v/%v", m["containerPort"], cmp.Or(m["protocol"], any("TCP")))
		}
		if name == "" || seen[name] {
			name = strconv.Itoa(i)
		}
		seen[name] = true
		names[i] = name
	}
	return names
}

// variable writes the value of one environment variable.
func variable(m map[string]any) string {
	if from := child(m, "valueFrom"); from != nil {
		return "from " + flow(from)
	}
	value, _ := m["value"].(string)
	return scalar(value)
}

// scalar writes a value as YAML does. A string that cannot be shown as it is
// is written with its escapes, so that a difference in it can still be seen.
func scalar(v any) string {
	text, isString := v.(string)
	if isString && untrusted.Line(text, len(text)+1) != text {
		return bounded(strconv.QuoteToASCII(text))
	}
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	out, err := yaml.Marshal(v)
	if err != nil {
		return bounded(fmt.Sprint(v))
	}
	return bounded(strings.TrimSpace(string(out)))
}

// flow writes a list or an object on one line.
func flow(v any) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return bounded(fmt.Sprint(v))
	}
	var compact strings.Builder
	for _, r := range strings.TrimSpace(out.String()) {
		if r < ' ' || r == 0x7f || untrusted.Misleading(r) || (r >= 0x80 && r <= 0x9f) {
			compact.WriteString(strings.Trim(strconv.QuoteToASCII(string(r)), `"`))
			continue
		}
		compact.WriteRune(r)
	}
	return bounded(compact.String())
}

// bounded cuts a value that is too long to be shown. The cut keeps different
// values different.
func bounded(s string) string {
	if len(s) <= lineBound {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:textBound], "") + "… sha256:" + hex.EncodeToString(sum[:])[:12]
}

// imageVersion is what an image is known by, or "" when it has neither tag nor
// digest.
func imageVersion(image string) string {
	return untrusted.Line(release.Version(image), nameBound)
}
