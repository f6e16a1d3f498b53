package config

import (
	"strings"
	"testing"

	"datahub.io/slipway/release"
)

// Every type whose items have settings can be written, and no other type has any.
func TestItemSettingsAreRead(t *testing.T) {
	for _, kind := range release.ItemTypes() {
		own, read := itemTypes[kind]
		if has := kind.Settings() != nil; has != read || has != (len(own.keys) > 0) {
			t.Errorf("%s: has settings %v, is read %v with keys %v", kind, has, read, own.keys)
		}
	}
	for kind := range itemTypes {
		if kind.Class() == "" {
			t.Errorf("%s is read, but there is no such type", kind)
		}
	}
}

// What can pass only after the deploy does not stand before it.
func TestItemsThatPassAfterTheDeploy(t *testing.T) {
	for _, kind := range release.ItemTypes() {
		if kind.Class() != release.Check {
			continue
		}
		isolate(t)
		own := ""
		if kind == release.ItemMetric || kind == release.ItemSpikes {
			own = ", metric: cpu"
		}
		_, err := load(t, minimal+"\nchecklist:\n  - {id: early, title: Early, stage: pre, type: "+string(kind)+own+"}\n  - {id: rolling-update-in-progress}\n")
		if refused := err != nil && strings.Contains(err.Error(), "early, of type "+string(kind)+", before the deploy"); refused != kind.AfterDeploy() {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
