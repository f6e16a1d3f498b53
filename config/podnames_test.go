package config

import (
	"regexp"
	"strings"
	"testing"
)

// generated is a name as the API server makes it of a pod's generateName.
func generated(base string) string { return base[:min(len(base), 58)] + "x7xkz" }

// The pattern matches what the API server makes, at every length of the Deployment's name
// and of the hash.
func TestPodNamesAreMatchedAtEveryLength(t *testing.T) {
	for length := 1; length <= 80; length++ {
		deployment := strings.Repeat("a", length)
		pattern := regexp.MustCompile("^(?:" + podPattern(deployment) + ")$")
		for _, hash := range []string{"5", "5d", "7f9c4", "7f9c4dd6b", "7f9c4dd6b5"} {
			pod := generated(deployment + "-" + hash + "-")
			if !pattern.MatchString(pod) {
				t.Errorf("%d characters: %s does not match %s", length, pod, pattern)
			}
		}
		for _, other := range []string{deployment + "-canary-7f9c4dd6b5-x7xkz", deployment + "x-7f9c4dd6b5-x7xkz", "x" + deployment + "-7f9c4dd6b5-x7xkz"} {
			if pattern.MatchString(other) {
				t.Errorf("%d characters: %s matches %s", length, other, pattern)
			}
		}
	}
}

// The canary of a long name is still told apart, until nothing of what differs is left.
func TestLongNamesAreToldApart(t *testing.T) {
	for length, same := range map[int]bool{20: false, 46: false, 47: false, 50: false, 55: false, 56: true, 57: true, 60: true} {
		stable := strings.Repeat("a", length)
		if got := samePods(stable, canaryOf(stable)); got != same {
			t.Errorf("%d characters: %v", length, got)
		}
	}
	isolate(t)
	long := strings.Repeat("a", 57)
	for query, wants := range map[string]string{
		"":                             "after 58 characters; accepted: a canary.canary that differs earlier",
		`sum(x{version=~"{version}"})`: "",
	} {
		metrics := ""
		if query != "" {
			for _, name := range []string{"errorRate", "latencyP95", "requestRate", "memory", "cpu"} {
				metrics += "\n  " + name + ": {query: '" + query + "'}"
			}
			metrics = "metrics:" + metrics + "\n"
		}
		c, err := load(t, minimal+"\n  - {name: two, context: c, namespace: n, health: 'http://h/', strategy: canary, canary: {stable: "+long+"}}\n"+metrics)
		if err == nil {
			_, err = c.Environment("two")
		}
		if wants == "" && err != nil || wants != "" && (err == nil || !strings.Contains(err.Error(), wants)) {
			t.Errorf("%q: %v", query, err)
		}
	}
}
