// Package kube is slipway's view of one Deployment, and of a canary beside it, and
// its only way to change them.
//
// Observing is level-triggered: watches keep small tables of the Deployment,
// its ReplicaSets, its pods and their events, and buildWorkload, a pure
// function, makes a whole [release.Workload] of them whenever one has changed.
// A heartbeat proves that the API server still answers; without it nothing is
// called fresh. The canary's Deployment is observed in the same way. What splits
// the traffic, a VirtualService or an HTTPRoute, is read with each heartbeat and
// whenever a watch says so; divide, a pure function, makes a [release.Split] of it.
//
// Changing is one guarded JSON patch for each [release.Change]: its first
// operation tests the resourceVersion that the change was made from, so that
// nobody's work is overwritten and nothing is done twice.
package kube
