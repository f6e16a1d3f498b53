package e2e

import (
	"strings"
	"sync"
	"testing"
)

// Tests go side by side, each namespace to one of them at a time: most of what they
// do is to wait.
var (
	claims  = map[string]string{} // the test that has a namespace
	claimed = sync.NewCond(&sync.Mutex{})
)

// claim waits until no other test has a namespace, and keeps it until this one ends.
func claim(t testing.TB, namespace string) {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	claimed.L.Lock()
	defer claimed.L.Unlock()
	for claims[namespace] != "" && claims[namespace] != name {
		claimed.Wait()
	}
	if claims[namespace] == name {
		return
	}
	claims[namespace] = name
	t.Cleanup(func() {
		claimed.L.Lock()
		defer claimed.L.Unlock()
		claims[namespace] = ""
		claimed.Broadcast()
	})
}
