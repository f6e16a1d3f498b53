package config

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// The kinds of objects that split traffic.
const (
	Istio      = "istio"
	GatewayAPI = "gatewayAPI"
)

// Traffic is the object that splits the traffic between stable and canary. Without
// one, both serve behind one Service, and the counts of their pods are the split.
type Traffic struct {
	Kind      string // Istio, GatewayAPI, or empty: there is no object
	Name      string // of the VirtualService or HTTPRoute
	Namespace string // of that object
	Route     string // the name of its route or rule; empty: the only one with both destinations
	// Stable and Canary are the destinations: hosts of Istio, short or in full,
	// Services of the Gateway API. They are equal where subsets tell them apart.
	Stable, Canary string
	// StableSubset and CanarySubset are subsets of that host, of Istio only; or empty.
	StableSubset, CanarySubset string
}

// object names the object: "virtualservice/datahub-gateway".
func (t Traffic) object() string {
	switch t.Kind {
	case Istio:
		return "virtualservice/" + t.Name
	case GatewayAPI:
		return "httproute/" + t.Name
	}
	return ""
}

func (d *decoder) traffic(into *Traffic) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		d.mapping(n, path, []field{
			{Istio, "", d.istio(into)},
			{GatewayAPI, "", d.gatewayAPI(into)},
		})
		switch istio, gateway := given(n, Istio), given(n, GatewayAPI); {
		case n.Kind != yaml.MappingNode:
		case istio != nil && gateway != nil:
			d.problem(n, path, "both istio and gatewayAPI", "one of them: the object that splits the traffic")
		case istio == nil && gateway == nil:
			d.neither(n, path)
		}
	}
}

// neither reports a traffic block that names no object, or of which nothing is
// left: counts of pods are the split only where nothing is said of traffic.
func (d *decoder) neither(n *yaml.Node, path string) {
	d.problem(n, path, "neither istio nor gatewayAPI", "one of them, or no canary.traffic: then counts of pods are the split")
}

// istio reads a VirtualService. Its destinations differ by host, or by subset of
// one host (istio.io/latest/docs/reference/config/networking/virtual-service/#Destination).
func (d *decoder) istio(into *Traffic) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		t := Traffic{Kind: Istio}
		host := ""
		d.mapping(n, path, []field{
			{"virtualService", virtualService.accepted, value(d, &t.Name, virtualService)},
			{"route", "", value(d, &t.Route, text)},
			{"namespace", "", value(d, &t.Namespace, namespaceName)},
			{"stable", "", value(d, &t.Stable, hostName)},
			{"canary", "", value(d, &t.Canary, hostName)},
			{"subsets", "", func(n *yaml.Node, path string) {
				d.mapping(n, path, []field{
					{"stable", subsetName.accepted, value(d, &t.StableSubset, subsetName)},
					{"canary", subsetName.accepted, value(d, &t.CanarySubset, subsetName)},
					{"host", "", value(d, &host, hostName)},
				})
				if t.StableSubset == t.CanarySubset && t.StableSubset != "" {
					at, key := d.place(n, path, "canary")
					d.problem(at, key, quote(t.CanarySubset)+", that of stable", "a subset of its own")
				}
			}},
		})
		if subsets := given(n, "subsets"); subsets != nil && t.Stable+t.Canary != "" {
			d.problem(subsets, path+".subsets", "subsets beside the hosts stable or canary",
				"two hosts, or two subsets of one: its name is subsets.host")
		}
		if host != "" {
			t.Stable, t.Canary = host, host
		}
		*into = t
	}
}

func (d *decoder) gatewayAPI(into *Traffic) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		t := Traffic{Kind: GatewayAPI}
		d.mapping(n, path, []field{
			{"httpRoute", httpRoute.accepted, value(d, &t.Name, httpRoute)},
			{"rule", "", value(d, &t.Route, text)},
			{"namespace", "", value(d, &t.Namespace, namespaceName)},
			{"stable", "", value(d, &t.Stable, serviceName)},
			{"canary", "", value(d, &t.Canary, serviceName)},
		})
		*into = t
	}
}

// split fills in what follows from the rest, destinations are named as the
// Deployments are, subsets are those of the service's host, and reports what cannot
// be. n is the canary's block.
func (d *decoder) split(n *yaml.Node, path string, e *Environment, c *Canary, service string) {
	t := &c.Traffic
	if t.Kind == "" {
		return
	}
	path = join(path, "traffic."+t.Kind)
	n = given(given(n, "traffic"), t.Kind)
	if t.Namespace == "" {
		t.Namespace = e.Namespace
	} else if t.Namespace != e.Namespace && e.Namespace != "" {
		at, key := d.place(n, path, "namespace")
		d.problem(at, key, quote(t.Namespace), e.Namespace+", the namespace of the environment: nothing in another one is changed")
	}
	if subsets := given(n, "subsets"); subsets != nil {
		host := strings.TrimSuffix(service, "-stable")
		d.named(subsets, path+".subsets", "host", &t.Stable, host)
		t.Canary = t.Stable
		return
	}
	d.named(n, path, "stable", &t.Stable, c.Stable)
	d.named(n, path, "canary", &t.Canary, c.Canary)
	d.differ(n, path, t, e.Namespace)
}

// named fills in the Service that is named as a Deployment is, unless the key says
// another one: not every name of a Deployment is one of a Service.
func (d *decoder) named(n *yaml.Node, path, key string, into *string, deployment string) {
	if *into != "" {
		return
	}
	*into = deployment
	if _, ok := serviceName.parse(deployment); !ok && deployment != "" && given(n, key) == nil {
		d.problem(n, join(path, key), quote(deployment)+" by default", serviceName.accepted)
	}
}

// differ reports two destinations that are one, by name or by default. n is the
// block of the object.
func (d *decoder) differ(n *yaml.Node, path string, t *Traffic, namespace string) {
	ours, theirs := given(n, "canary") != nil, given(n, "stable") != nil
	if t.Canary == "" || fullHost(t.Stable, namespace) != fullHost(t.Canary, namespace) || !ours && !theirs {
		return // named as the Deployments are: those differ, or it has been said
	}
	found := quote(t.Canary)
	if !ours {
		found += " by default"
	}
	if found += ", that of stable"; !theirs {
		found += " by default"
	}
	if t.Stable != t.Canary {
		found += ", " + quote(t.Stable)
	}
	accepted := "a host of its own"
	if t.Kind == GatewayAPI {
		accepted = "a Service of its own"
	}
	at, key := d.place(n, path, "canary")
	d.problem(at, key, found, accepted)
}

// fullHost is the full name of a Service's host, as it is read in an object of that
// namespace: "x", "x.ns", "x.ns.svc" and "x.ns.svc.cluster.local" are one host. What
// is none of these is left as it is.
func fullHost(host, namespace string) string {
	const domain = ".svc.cluster.local"
	switch parts := strings.Split(host, "."); {
	case len(parts) == 1:
		return host + "." + namespace + domain
	case len(parts) == 2 && parts[1] == namespace:
		return host + domain
	case len(parts) == 3 && parts[2] == "svc":
		return host + ".cluster.local"
	}
	return host
}
