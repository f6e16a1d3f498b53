package kube

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"

	"datahub.io/slipway/release"
)

// TestBuildWorkload tells stories: real objects from testdata/*.yaml, then the
// Workload that is made of them. A later file replaces objects of an earlier
// one by UID.
//
//	build FILE… [now=TIME] [container=NAME] [show=(head,revisions,template,events,managers)]
//	[the last log line of every crash]
//	LAST LOG LINE OF EVERY CRASH
func TestBuildWorkload(t *testing.T) {
	datadriven.Walk(t, "testdata/build", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			now := time.Date(2026, 11, 23, 6, 40, 40, 0, time.UTC)
			var files []string
			line := strings.TrimSpace(d.Input)
			show := map[string]bool{}
			container := "gateway"
			for _, arg := range d.CmdArgs {
				switch arg.Key {
				case "now":
					at, err := time.Parse(time.RFC3339, arg.Vals[0])
					if err != nil {
						t.Fatal(err)
					}
					now = at
				case "container":
					container = arg.Vals[0]
				case "show":
					for _, v := range arg.Vals {
						show[v] = true
					}
				default:
					files = append(files, arg.Key)
				}
			}
			o := load(t, files...)
			o.Namespace, o.Name, o.Container = "datahub-production", "datahub-gateway", container
			o.LastLines = map[crashed]string{}
			if line != "" {
				for _, ref := range crashes(judgePods(o, ownedReplicaSets(o.Deployment, o.ReplicaSets), container, now)) {
					o.LastLines[ref.crashed] = line
				}
			}
			return render(buildWorkload(o, now), now, show)
		})
	})
}

// load reads real objects from files.
func load(t testing.TB, files ...string) objects {
	t.Helper()
	var o objects
	seen := map[string]bool{}
	for i := len(files) - 1; i >= 0; i-- { // the last one wins
		raw, err := os.ReadFile(filepath.Join("testdata", files[i]+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for doc := range bytes.SplitSeq(raw, []byte("\n---\n")) {
			asJSON, err := yaml.ToJSON(doc)
			if err != nil {
				t.Fatalf("%s: %v", files[i], err)
			}
			obj, _, err := scheme.Codecs.UniversalDeserializer().Decode(asJSON, nil, nil)
			if err != nil {
				t.Fatalf("%s: %v", files[i], err)
			}
			switch obj := obj.(type) {
			case *appsv1.Deployment:
				if !seen[string(obj.UID)] {
					o.Deployment = obj
				}
				seen[string(obj.UID)] = true
			case *appsv1.ReplicaSet:
				if !seen[string(obj.UID)] {
					o.ReplicaSets = append(o.ReplicaSets, obj)
				}
				seen[string(obj.UID)] = true
			case *corev1.Pod:
				if !seen[string(obj.UID)] {
					o.Pods = append(o.Pods, obj)
				}
				seen[string(obj.UID)] = true
			case *corev1.Event:
				o.Events = append(o.Events, obj)
			default:
				t.Fatalf("%s: unexpected %T", files[i], obj)
			}
		}
	}
	return o
}

// weighs is how much a cause counts.
func weighs(c release.Cause) string { return [...]string{"hard", "soft", "over"}[weight(c)] }

// render writes a Workload as its readers see it.
func render(w release.Workload, now time.Time, show map[string]bool) string {
	var b strings.Builder
	age := func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return now.Sub(t).String()
	}
	if show["head"] {
		fmt.Fprintf(&b, "found %v, %s in %s, generation %d observed %d, paused %v, cause %q\n", w.Found, w.Name, w.Namespace, w.Generation, w.Observed, w.Paused, w.ChangeCause)
		fmt.Fprintf(&b, "desired %d, replicas %d, updated %d, ready %d, available %d, surge %d, unavailable %d, history %d, deadline %s\n",
			w.Desired, w.Replicas, w.Updated, w.Ready, w.Available, w.MaxSurge, w.MaxUnavail, w.History, w.Deadline)
		fmt.Fprintf(&b, "progressing %s %s %q\n", w.Progressing.Status, w.Progressing.Reason, w.Progressing.Message)
		for _, c := range w.Containers {
			fmt.Fprintf(&b, "container %s: %s, %v cores, %v bytes, %s\n", c.Name, c.Image, c.CPU, c.Memory, c.Readiness)
		}
	}
	if show["managers"] {
		for _, m := range w.Managers {
			fmt.Fprintf(&b, "manager %s\n", m)
		}
	}
	if show["revisions"] {
		for _, r := range w.Revisions {
			fmt.Fprintf(&b, "revision %d %s %s %d/%d current=%v %q\n", r.Number, r.Version, r.ReplicaSet, r.Ready, r.Desired, r.Current, r.Cause)
		}
	}
	if show["template"] {
		for _, f := range w.Template.Fields {
			fmt.Fprintf(&b, "%s: %s: %s\n", f.Path, f.Key, f.Value)
		}
	}
	for _, p := range w.Pods {
		fmt.Fprintf(&b, "pod %s %s r%d: %s, %s", p.Name[len("datahub-gateway-"):], p.Version, p.Revision, p.State, p.Reason)
		if p.Message != "" {
			fmt.Fprintf(&b, " (%s)", p.Message)
		}
		fmt.Fprintf(&b, ", %d/%d ready, %d restarts", p.Ready, p.Total, p.Restarts)
		if p.Restarts > 0 {
			fmt.Fprintf(&b, ", last %s ago", age(p.Last))
		}
		b.WriteString("\n")
	}
	for _, c := range w.Causes {
		fmt.Fprintf(&b, "cause: %d pods %s on %s: %s [%s, first %s ago, newest %s ago]\n", len(c.Pods), c.Reason, c.Version, c.Text, weighs(c), age(c.First), age(c.Newest))
	}
	if show["events"] {
		for _, e := range w.Events {
			fmt.Fprintf(&b, "event %s %s %s: %s ×%d\n", e.At.Format("15:04:05"), e.Reason, e.Object, e.Text, e.Count)
		}
	}
	return b.String()
}
