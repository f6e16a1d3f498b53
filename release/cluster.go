package release

import (
	"fmt"
	"strings"
)

// ClusterID is what a cluster is known by. The name of a context is not: it
// means another cluster in another kubeconfig.
type ClusterID struct {
	UID    string `json:"uid,omitempty"`    // of its namespace kube-system; empty: it is not known
	Server string `json:"server,omitempty"` // fingerprint of the API server's address and CA
}

// same compares two identities, if they can be compared.
func (c ClusterID) same(other ClusterID) (same, known bool) {
	switch {
	case c.UID != "" && other.UID != "":
		return c.UID == other.UID, true
	case c.Server != "" && other.Server != "":
		return c.Server == other.Server, true
	}
	return false, false
}

// Foreign says what else than the plan a record is about: another cluster,
// namespace or Deployment. It is "" for a record of the plan's own. A record
// without an identity, of an earlier slipway, belongs to the context that it names.
func (p Plan) Foreign(r Record) string {
	same, known := r.ClusterID.same(p.ClusterID)
	switch {
	case known && !same && r.Cluster == p.Cluster:
		return fmt.Sprintf("another cluster than context %s leads to now", p.Cluster)
	case known && !same, !known && r.Cluster != p.Cluster:
		return "cluster " + orNone(r.Cluster)
	case r.Namespace != p.Namespace:
		return "namespace " + orNone(r.Namespace)
	case r.Deployment != p.Deployment:
		return "deployment/" + orNone(r.Deployment)
	}
	return ""
}

func orNone(name string) string {
	if name == "" {
		return "(none)"
	}
	return name
}

// Disagrees says what an unfinished record claims that does not follow from the
// configuration, or "". Nothing acts on such a record: whoever wrote it wanted
// something else than the configuration says.
func (p Plan) Disagrees(r Record) string {
	switch r.Phase {
	case Planned, Deploying, Verifying:
	default:
		return "" // no image is set any more
	}
	version, ours := strings.CutPrefix(r.To.Image, p.Image+":")
	// A deploy that was accepted keeps the digest that came of it; of what runs already
	// nothing is set.
	stored := r.Unchanged() || r.Phase != Planned && ParseImage(r.To.Image).Tag == ""
	switch {
	case ours && CheckVersion(version) == nil && Version(r.To.Image) == r.To.Version:
		return ""
	case stored && CheckVersion(r.To.Version) == nil && resolved(p.Image+":"+r.To.Version, r.To.Image):
		return ""
	}
	return fmt.Sprintf("it releases the image %s as %s; the configuration says %s", excerpt(r.To.Image), excerpt(r.To.Version), p.Image)
}

// imageOf is the image to set for a target: of the configured repository, whatever
// the API server made of it, and whatever a record says.
func (p Plan) imageOf(to Target) string {
	if ParseImage(to.Image).Repository == p.Image {
		return to.Image
	}
	return p.Image + ":" + to.Version
}

// identity is what the record's cluster is known by from now on: what is known
// of it stays, and what is missing is filled in.
func (t *turn) identity() ClusterID {
	id := t.s.ClusterID
	if id.UID == "" {
		id.UID = t.s.View.ClusterUID
	}
	if id.Server == "" {
		id.Server = t.plan.ClusterID.Server
	}
	return id
}
