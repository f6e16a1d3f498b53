package kube

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// Canary says what a canary release needs beside stable's Deployment.
type Canary struct {
	Deployment string // the canary's
	Manifest   string // file with the canary's Deployment; empty: derived from stable
	Traffic    Traffic
	// Aside means that none is released: one that is there is watched, and led to its
	// end. Its manifest is not read, and Check only looks whether it would be seen.
	Aside bool
}

// TrafficKind is a kind of object that splits traffic.
type TrafficKind string

// The kinds that can be read and changed.
const (
	VirtualService TrafficKind = "VirtualService" // networking.istio.io
	HTTPRoute      TrafficKind = "HTTPRoute"      // gateway.networking.k8s.io
)

// Traffic says which object splits the traffic between the two versions. The
// zero value is none: the pods of both serve behind one Service.
type Traffic struct {
	Kind TrafficKind
	Name string // of the object
	// Namespace of the object; empty: the release's. An object in any other one is
	// not read and not changed, and Split.Err says so.
	Namespace string
	Route     string // name of the http route or rule; empty: the only one that holds both
	// Stable and Canary are the hosts or backend Services that get the traffic. In
	// a split by subsets both may be the one host; where they differ it is not
	// looked at.
	Stable, Canary             string
	StableSubset, CanarySubset string // Istio's subsets of one host; empty: a split by hosts
}

// Object names the object as kubectl takes it, "virtualservice/datahub-gateway";
// it is empty where there is none.
func (t Traffic) Object() string {
	if t.Kind == "" {
		return ""
	}
	return strings.ToLower(string(t.Kind)) + "/" + t.Name
}

func (t Traffic) bySubset() bool { return t.StableSubset != "" || t.CanarySubset != "" }

// check finds what no cluster is needed for.
func (c Canary) check(stable string) error {
	t := c.Traffic
	switch c.Deployment {
	case "":
		return errors.New("no deployment is named for the canary: set canary.canary")
	case stable:
		return fmt.Errorf("canary.canary is %s, which is stable's own: the canary needs a Deployment of its own", stable)
	}
	switch t.Kind {
	case "":
		return nil
	case VirtualService, HTTPRoute:
	default:
		return fmt.Errorf("canary.traffic: kind %q is not known; %s and %s are", t.Kind, VirtualService, HTTPRoute)
	}
	switch {
	case t.Name == "":
		return fmt.Errorf("canary.traffic: no %s is named", t.Kind)
	case t.bySubset() && t.Kind == HTTPRoute:
		return errors.New("canary.traffic: an HTTPRoute has no subsets: name the Services of stable and canary")
	case t.bySubset() && (t.StableSubset == "" || t.CanarySubset == ""):
		return fmt.Errorf("canary.traffic: only the subset %s is named: name stable's and the canary's", cmp.Or(t.StableSubset, t.CanarySubset))
	case t.bySubset() && t.StableSubset == t.CanarySubset:
		return fmt.Errorf("canary.traffic: stable and canary are both subset %s: each needs its own", t.StableSubset)
	case t.bySubset():
		return nil
	case t.Stable == "" || t.Canary == "":
		return errors.New("canary.traffic: name the Services of stable and canary")
	case t.Stable == t.Canary:
		return fmt.Errorf("canary.traffic: stable and canary are both %s: each needs a Service or a subset of its own", t.Stable)
	}
	return nil
}

// serviceOf is the name of the Service that a host stands for; ok is false where
// it is not one of the namespace.
func serviceOf(host, namespace string) (name string, ok bool) {
	name, rest, dotted := strings.Cut(fqdn(host, namespace), ".")
	return name, dotted && rest == namespace+clusterDomain
}

const clusterDomain = ".svc.cluster.local"

// fqdn is the full name of a host as Istio reads it in an object of that
// namespace: "x", "x.ns", "x.ns.svc" and "x.ns.svc.cluster.local" are one host.
// Names of other forms are left as they are.
func fqdn(host, namespace string) string {
	switch parts := strings.Split(host, "."); {
	case host == "":
		return ""
	case len(parts) == 1:
		return host + "." + namespace + clusterDomain
	case len(parts) == 2 && parts[1] == namespace:
		return host + clusterDomain
	case len(parts) == 3 && parts[2] == "svc":
		return host + ".cluster.local"
	}
	return host
}
