package e2e

import (
	"strconv"
	"testing"
)

// revision is the Deployment's newest revision, as its controller numbers it.
func revision(t testing.TB, namespace string) string {
	t.Helper()
	return get(t, namespace).Annotations["deployment.kubernetes.io/revision"]
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
