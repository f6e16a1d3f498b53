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
// The state has two halves. Record is durable: the engine writes it to the
// journal before it performs the effects that go with it. View is what was
// last observed; it decides, but only its evidence is ever recorded.
package release
