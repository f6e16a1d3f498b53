// Package ui is the screen: it shows frames and turns keys into intents.
//
// It never talks to a cluster and never decides anything about a release. What
// is allowed, why not, and what a key would do come from frame.Choices; what is
// true comes from package release. The engine stands behind Console.
//
// A frame is turned into a scene once (scene.go: the frame with what is said
// about it). A panel is a pure function of scene, theme and rectangle and gives
// a block: rows of spans, each row exactly as many cells wide as asked for. Only
// theme.draw turns blocks into escape sequences, so panels can be stacked, laid
// over each other and greyed without parsing anything.
//
// Model is the root of the Bubble Tea program. Its Update is a router: keys go
// to the overlay on top, then to the view, then to the keys that work
// everywhere (registry.go).
package ui
