// Package kube is slipway's view of one Deployment and its only way to change
// it.
//
// Observing is level-triggered: watches keep small tables of the Deployment,
// its ReplicaSets, its pods and their events, and buildWorkload, a pure
// function, makes a whole [release.Workload] of them whenever one has changed.
// A heartbeat proves that the API server still answers; without it nothing is
// called fresh.
//
// Changing is one guarded JSON patch for each [release.Change]: its first
// operation tests the resourceVersion that the change was made from, so that
// nobody's work is overwritten and nothing is done twice.
package kube
