package kube

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"datahub.io/slipway/untrusted"
)

// division is how one object divides the traffic between stable and canary.
type division struct {
	stable, canary end
	percent        int    // of the traffic that the canary gets
	exact          bool   // the weights are that percent and what is left of 100
	rest           string // hash of the specification without the two weights
	notes          []string
	routes         []string // the other ways to the canary
}

// way is one http route of a VirtualService or one rule of an HTTPRoute.
type way struct {
	noun    string // "http route"
	label   string // "primary", or "#2" where it has no name
	name    string
	ends    []end
	some    bool   // it takes only what it matches
	instead string // what it does in place of sending to its own destinations, or ""
	mirrors bool
}

// end is one destination of a way.
type end struct {
	side   side
	label  string
	host   string // in full
	path   string // JSON pointer
	weight int64
	// written is the weight as it stands in the object; nil where there is none.
	written any
	bad     bool // the weight is no count
	alone   bool // it gets all that its way takes, whatever its weight
	object  map[string]any
	same    []op // tests that it is still the destination that was found
}

// side is whose destination it is.
type side int

const (
	neither side = iota
	ofStable
	ofCanary
)

// divide reads how an object divides the traffic. It is a pure function and does
// not change the object. Its errors begin with what the object "has", for behind
// the object's name.
//
// Percent is what Istio and the Gateway API make of the weights, a share of their
// sum, rounded; but only a weight of zero is 0%, and 100% means that stable has
// zero: what depends on it is whether pods may be taken away.
func divide(t Traffic, namespace string, obj *unstructured.Unstructured) (division, error) {
	spec, _ := runtime.DeepCopyJSONValue(obj.Object["spec"]).(map[string]any)
	read, noun := virtualServiceWays, "http route"
	if t.Kind == HTTPRoute {
		read, noun = httpRouteWays, "rule"
	}
	ways, notes, err := read(t, namespace, spec)
	if err != nil {
		return division{}, err
	}
	i, err := chooseWay(t, noun, ways)
	if err != nil {
		return division{}, err
	}
	d := division{notes: append(beside(t, noun, ways, i), notes...)}
	for _, e := range ways[i].ends {
		if e.side == ofStable {
			d.stable = e
		} else {
			d.canary = e
		}
	}
	if err := d.weigh(ways[i].label, noun); err != nil {
		return division{}, err
	}
	for j, w := range waysOf(t, namespace, spec) {
		if j != i && w.leadsTo(d.canary) {
			d.routes = append(d.routes, w.of(t.Object()))
		}
	}
	d.stable.written, d.canary.written = d.stable.object["weight"], d.canary.object["weight"]
	delete(d.stable.object, "weight")
	delete(d.canary.object, "weight")
	d.rest = hashOf(spec)
	return d, nil
}

// weigh makes the percent of the weights.
func (d *division) weigh(label, noun string) error {
	for _, e := range []end{d.stable, d.canary} {
		if e.bad {
			return fmt.Errorf("has a weight of %s in %s %s that is no count: a whole number from 0 up is accepted", e.label, noun, label)
		}
	}
	sum := d.stable.weight + d.canary.weight
	if sum == 0 {
		return fmt.Errorf("gives both %s and %s the weight 0 in %s %s: give stable 100", d.stable.label, d.canary.label, noun, label)
	}
	d.percent = int((d.canary.weight*200 + sum) / (2 * sum))
	switch {
	case d.canary.weight > 0 && d.percent == 0:
		d.percent = 1
	case d.stable.weight > 0 && d.percent == 100:
		d.percent = 99
	}
	d.exact = sum == 100 && int64(d.percent) == d.canary.weight
	if sum != 100 {
		d.notes = append(d.notes, fmt.Sprintf("weights %d and %d are shares of %d; slipway writes them as shares of 100", d.stable.weight, d.canary.weight, sum))
	}
	return nil
}

// chooseWay finds the one way whose weights are to be changed.
func chooseWay(t Traffic, noun string, ways []way) (int, error) {
	var found []int
	for i, w := range ways {
		if t.Route == "" && w.holds(ofStable) && w.holds(ofCanary) || t.Route != "" && w.name == t.Route {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 0 && t.Route != "":
		return 0, fmt.Errorf("has no %s named %s; it has %s", noun, t.Route, wayLabels(ways))
	case len(found) == 0:
		return 0, noWay(t, noun, ways)
	case len(found) > 1 && t.Route != "":
		return 0, fmt.Errorf("has %d %ss named %s: give each a name of its own", len(found), noun, t.Route)
	case len(found) > 1:
		return 0, fmt.Errorf("has %d %ss that hold both %s and %s (%s): name one in %s", len(found), noun, t.side(ofStable), t.side(ofCanary), wayLabels(pick(ways, found)), t.routeKey())
	}
	w := ways[found[0]]
	if !w.holds(ofStable) || !w.holds(ofCanary) {
		return 0, lacking(t, noun, w)
	}
	if len(w.ends) != 2 {
		return 0, fmt.Errorf("has %d destinations in %s %s (%s): only %s and %s may be there, their weights are the split", len(w.ends), noun, w.label, endLabels(w.ends), t.side(ofStable), t.side(ofCanary))
	}
	return found[0], nil
}

// noWay says why no way holds both destinations: the nearest one is named.
func noWay(t Traffic, noun string, ways []way) error {
	for _, w := range ways {
		if w.holds(ofStable) || w.holds(ofCanary) {
			return lacking(t, noun, w)
		}
	}
	text := fmt.Sprintf("has no %s that holds both %s and %s", noun, t.side(ofStable), t.side(ofCanary))
	var told []string
	for _, w := range ways {
		what := w.instead
		if what == "" {
			what = "sends to " + endLabels(w.ends)
		}
		told = append(told, w.label+" "+what)
	}
	if len(told) > 0 {
		text += "; " + strings.Join(told, "; ")
	}
	return errors.New(text)
}

// lacking says what a way with one of the two destinations, or with none, needs.
func lacking(t Traffic, noun string, w way) error {
	there, missing, weight := ofStable, ofCanary, 0
	switch {
	case w.instead != "":
		return fmt.Errorf("cannot be split in %s %s: it %s", noun, w.label, w.instead)
	case !w.holds(ofStable) && !w.holds(ofCanary):
		return fmt.Errorf("holds neither %s nor %s in %s %s, which sends to %s", t.side(ofStable), t.side(ofCanary), noun, w.label, endLabels(w.ends))
	case !w.holds(ofStable):
		there, missing, weight = ofCanary, ofStable, 100
	}
	return fmt.Errorf("holds %s and not %s in %s %s: add %s with weight %d there", t.side(there), t.side(missing), noun, w.label, t.side(missing), weight)
}

// beside are the notes on a way and on those around it.
func beside(t Traffic, noun string, ways []way, chosen int) (notes []string) {
	others, where := chosen, "above"
	if t.Kind == HTTPRoute {
		others, where = len(ways)-1, "beside" // the most specific match wins, not the first
	}
	switch {
	case others == 1:
		notes = append(notes, fmt.Sprintf("1 %s %s takes what it matches", strings.TrimPrefix(noun, "http "), where))
	case others > 1:
		notes = append(notes, fmt.Sprintf("%d %ss %s take what they match", others, strings.TrimPrefix(noun, "http "), where))
	}
	if ways[chosen].some {
		notes = append(notes, fmt.Sprintf("%s %s takes only what it matches", noun, ways[chosen].label))
	}
	if ways[chosen].mirrors {
		notes = append(notes, fmt.Sprintf("%s %s mirrors traffic, which stays as it is", noun, ways[chosen].label))
	}
	return notes
}

func (w way) holds(s side) bool {
	return slices.ContainsFunc(w.ends, func(e end) bool { return e.side == s })
}

// side names a destination as the configuration does.
func (t Traffic) side(s side) string {
	host, subset := t.Stable, t.StableSubset
	if s == ofCanary {
		host, subset = t.Canary, t.CanarySubset
	}
	switch {
	case subset == "":
		return host
	case t.Stable != t.Canary || host == "":
		return "subset " + subset
	default:
		return host + " subset " + subset
	}
}

// routeKey is where the configuration names the way.
func (t Traffic) routeKey() string {
	if t.Kind == HTTPRoute {
		return "canary.traffic.gatewayAPI.rule"
	}
	return "canary.traffic.istio.route"
}

func wayLabels(ways []way) string {
	return labelsOr("none", ways, func(w way) string { return w.label })
}

func endLabels(ends []end) string {
	return labelsOr("nothing", ends, func(e end) string { return e.label })
}

func labelsOr[T any](none string, of []T, label func(T) string) string {
	if len(of) == 0 {
		return none
	}
	all := make([]string, len(of))
	for i, one := range of {
		all[i] = label(one)
	}
	return strings.Join(all, ", ")
}

func pick(ways []way, at []int) (picked []way) {
	for _, i := range at {
		picked = append(picked, ways[i])
	}
	return picked
}

// labelled gives a way its name, or its place from 1 where it has none.
func labelled(m map[string]any, i int) (name, label string) {
	name, _ = m["name"].(string)
	if name == "" {
		return "", fmt.Sprintf("#%d (without a name)", i+1)
	}
	return name, untrusted.Line(name, nameBound)
}

// weightOf reads a destination's weight; ok is false where it is no count.
func weightOf(m map[string]any, missing int64) (weight int64, ok bool) {
	switch w := m["weight"].(type) {
	case nil:
		return missing, true
	case int64:
		return w, w >= 0 && w <= 1e9
	case float64:
		return int64(w), w >= 0 && w <= 1e9 && w == float64(int64(w))
	}
	return 0, false
}

// objectsIn are the objects of a list; what is none counts as an empty one, so
// that places stay as they are.
func objectsIn(m map[string]any, key string) []map[string]any {
	list, _ := m[key].([]any)
	out := make([]map[string]any, len(list))
	for i, element := range list {
		out[i], _ = element.(map[string]any)
	}
	return out
}

func hashOf(v any) string {
	raw, err := json.Marshal(v) // with sorted keys
	if err != nil {
		return "" // what came as JSON marshals
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])[:hashLength]
}
