// Package release is the heart of slipway: what a release is, what may be done
// to it now, and what follows from each thing that happens.
//
// Observations and key presses go in as events; a new state and the effects to
// perform come out:
//
//	next, effects := release.Step(plan, state, now, event)
//
// Step is a pure function. It reads no clock, does no I/O and knows no
// Kubernetes types, so every rule of the release can be read here and tested as
// a story. Permission is data as well: Allowed lists every intent with what it
// would do, or why it is refused now; the screen, the commands, the help and
// the tests all read that one list.
//
// Invariants, each held by a property test over random events:
//
//  1. At most one change of the workload is in flight, and beside it at most one
//     [Task], which neither waits for the other.
//  2. No change without its intent, or its automatic decision with evidence,
//     recorded first. (A person's undo or abort, and what is left of a canary's
//     way back, alone go on when the record cannot be written; the engine says
//     so, loudly.)
//  3. The image is set, or a canary begun, only when every item that comes before
//     it has passed or is waived.
//  4. Released only when every item has passed or is waived and the workload is
//     complete at the target.
//  5. One automatic undo or abort is accepted at most; after it, only a person
//     begins the next change.
//  6. Without data, or on old data, nothing passes and nothing is decided.
//  7. A held release decides nothing by itself.
//  8. The way back is open in every phase in which an earlier revision exists, or
//     a canary; no gate, hold or missing metric stands against it.
//  9. Time going backwards, duplicate events, late outcomes and outcomes of
//     unknown changes change nothing durable.
//  10. Step is deterministic: the same input gives the same output.
//  11. A canary leaves a step for a higher weight, or for promotion, only after its
//     bake, with pods enough, and when every measure passes on what is seen now.
//  12. Traffic goes only to what has pods for it: a weight after the pods, stable's
//     image while the traffic is on the canary, the traffic back to a stable that
//     is healthy, and the canary's pods go when it is seen to have no traffic, and no
//     other route leads to those that serve, unless a person has given that up.
//
// A release is a rolling update of one Deployment, or, where the plan has a
// [CanaryPlan], leads a second one beside it; the files canary_*.go are about nothing
// else. The two machines are tables, phases.go and canary_machine.go, drawn in full in
// testdata/machines. In short, the phases:
//
//	planned → deploying → verifying → released
//	any of these but planned (→ abandoned) → rolling back → rolled back
//
// and the stages of a canary, by its [Way]:
//
//	forward          creating → shifting ⇄ baking → promoting → returning → removing → done
//	back             from any stage: (restoring →) returning → removing → done
//	undo by weights  creating → shifting → restoring → returning → removing → done
//	undo at once     from any stage: restoring → returning → removing → done
//
// The state has two halves. Record is durable: the engine writes it to the
// journal before it performs the effects that go with it. View is what was
// last observed; it decides, but only its evidence is ever recorded.
package release
