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
//
// Of a canary release there are two things more. The canary's Deployment is watched
// and patched in the same way; it is derived from stable's, or read from a manifest,
// and created and deleted, each as one guarded request. What splits the traffic, an
// Istio VirtualService or a Gateway API HTTPRoute, is read as it is: divide, a pure
// function, finds the two weights in it, and all the rest stays what it was. Where
// there is no such object the pods are the split.
package kube
