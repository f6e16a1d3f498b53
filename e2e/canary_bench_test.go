package e2e

import (
	"bytes"
	"regexp"
	"testing"
	"time"
)

// benchCanaryAbort: from the key that confirms an abort until all traffic is on
// stable.
func benchCanaryAbort(b *testing.B) {
	const namespace = "datahub-canary"
	for range b.N {
		resetCanary(b, namespace)
		s := newCanarySetup(b, "kubeconfig", "[25, 100]").edit(b, "bake: 10s", "bake: 10m")
		c := s.begin(b, "canary", 25)
		c.press("b")
		c.see("Abort the canary")
		time.Sleep(time.Second)
		began := time.Now()
		c.press("y")
		weighs(b, namespace, 0)
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/key-to-stable")
		c.see("Rolled back")
		c.press("q")
		c.gone()
	}
}

// benchCanaryDetected: an erring canary, unattended; from its traffic, and from the
// first sample that was held against it, until all traffic is back on stable.
func benchCanaryDetected(b *testing.B) {
	const namespace = "datahub-canary"
	for range b.N {
		resetCanary(b, namespace)
		s := newCanarySetup(b, "kubeconfig", "[10, 100]").edit(b, "bake: 10s", "bake: 60s")
		ended := make(chan string, 1)
		go func() {
			out, _ := s.command(b.Context(), "deploy", "--env", "canary", "--version", "v2.5.0-errors").CombinedOutput()
			ended <- string(bytes.TrimSpace(out))
		}()
		weighs(b, namespace, 10)
		live := time.Now()
		weighs(b, namespace, 0)
		back := time.Now()
		out := <-ended
		first := regexp.MustCompile(`in a row[^0-9]*(\d\d:\d\d:\d\d)`).FindStringSubmatch(out)
		if first == nil {
			b.Fatalf("no sample was held against it\n%s", out)
		}
		at, err := time.ParseInLocation(time.DateTime, back.Format(time.DateOnly)+" "+first[1], back.Location())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(back.Sub(live).Seconds(), "s/traffic-to-stable")
		b.ReportMetric(back.Sub(at).Seconds(), "s/first-bad-sample-to-stable")
		b.ReportMetric(float64(requestsOf(b, "canary").Failed), "failed")
	}
}
