// Package deploy holds the manifests that slipway ships, as far as the program itself has to know them.
package deploy

import _ "embed"

// Approvals is approvals.yaml: the policy that keeps approvals from being forged, its
// binding, the roles and the object.
//
//go:embed approvals.yaml
var Approvals []byte
