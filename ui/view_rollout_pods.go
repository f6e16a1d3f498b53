package ui

import (
	"math"
	"strconv"
	"strings"

	"datahub.io/slipway/release"
)

// podTable is the columns of the pods that there is room for.
type podTable struct {
	names  []string
	widths []int // of all but the last
}

// podColumns fits the columns into w cells. Where pods of two versions are listed
// the last one, which says which, has room for it.
func podColumns(w int, paired bool) podTable {
	c := columnsOfPods(w)
	if paired {
		c.widths[1] -= 3
		c.widths[3]--
	}
	return c
}

func columnsOfPods(w int) podTable {
	switch {
	case w >= wide-2:
		more := min(w-(wide-2), 40)
		return podTable{
			[]string{"pod", "state", "ready", "age", "restarts", "cpu", "mem", "node", "version"},
			[]int{12, 26 + more/2, 8, 10, 14, 10, 11, 15 + more/2},
		}
	case w >= middle-2:
		return podTable{
			[]string{"pod", "state", "ready", "age", "restarts", "cpu", "mem", "version"},
			[]int{10, 25, 7, 9, 14, 8, 9},
		}
	case w >= narrow-2:
		return podTable{[]string{"pod", "state", "ready", "age", "restarts", "mem", "version"}, []int{9, 23, 6, 8, 12, 9}}
	default:
		return podTable{[]string{"pod", "state", "ready", "age", "version"}, []int{9, 23, 6, 8}}
	}
}

func (c podTable) head(t theme) row {
	parts := make([]row, len(c.names))
	for i, name := range c.names {
		parts[i] = line(muted.of(name))
	}
	return columns(t, c.widths, parts...)
}

func (c podTable) row(sc scene, t theme, p release.Pod) row {
	parts := make([]row, len(c.names))
	for i, name := range c.names {
		parts[i] = podCellOf(sc, t, p, name)
	}
	return columns(t, c.widths, parts...)
}

func podCellOf(sc scene, t theme, p release.Pod, column string) row {
	k := plain
	if !upToDate(sc, p) {
		k = muted
	}
	switch column {
	case "pod":
		if p.State == release.PodFailing {
			k = strong
		}
		return line(plain.of(" "), k.of(release.PodSuffix(p.Name)))
	case "state":
		return podState(sc, t, p)
	case "ready":
		return line(k.of(share(p.Ready, p.Total)))
	case "age":
		return line(k.of(release.Span(sc.Now.Sub(p.Created))))
	case "restarts":
		return restarts(sc, p, k)
	case "cpu":
		return usage(p, k, cpuWords(p.CPU))
	case "mem":
		return usage(p, k, release.Format(release.Bytes, p.Memory))
	case "node":
		if p.Node == "" {
			return line(faint.of("none yet"))
		}
		host, _, _ := strings.Cut(p.Node, ".")
		return line(k.of(cutMiddle(host, 24, t.glyphs.ellipsis)))
	default:
		if sc.canary.pods[p.Name] {
			return line(strong.of("canary "), k.of(p.Version))
		}
		return line(k.of(p.Version))
	}
}

// versionOf is a pod's version as it is listed: "canary v2.5.0".
func versionOf(sc scene, p release.Pod) string {
	if sc.canary.pods[p.Name] {
		return "canary " + p.Version
	}
	return p.Version
}

// upToDate tells whether a pod is of its Deployment's current revision.
func upToDate(sc scene, p release.Pod) bool {
	current, _ := sc.owner(p).Current()
	return p.Revision == current.Number
}

// podState is the pod's mark and its reason, as Kubernetes words it.
func podState(sc scene, t theme, p release.Pod) row {
	reason := p.Reason
	if reason == "" {
		reason = string(p.State)
	}
	if !sc.fresh(p) {
		return line(unknown.bolder().of(t.glyphs.marks[release.MarkUnknown]), unknown.of(" was "+reason))
	}
	switch p.State {
	case release.PodServing:
		k := plain
		if !upToDate(sc, p) {
			k = muted
		}
		return line(t.mark(release.MarkPass, sc.Now), k.of(" "+reason))
	case release.PodFailing:
		return line(failing.bolder().of(t.glyphs.marks[release.MarkFail] + " " + reason))
	case release.PodStarting:
		return line(t.mark(release.MarkRunning, sc.Now), running.of(" "+reason))
	case release.PodDraining:
		return line(faint.of(t.glyphs.pods[p.State] + " draining"))
	default:
		return line(faint.of(t.glyphs.pods[p.State] + " " + reason))
	}
}

func restarts(sc scene, p release.Pod, k ink) row {
	n := strconv.Itoa(p.Restarts)
	if p.Restarts == 0 || p.Last.IsZero() {
		return line(k.of(n))
	}
	ago := sc.Now.Sub(p.Last)
	if p.State == release.PodFailing {
		k = failing.bolder()
	}
	return line(k.of(n), muted.of(" "+release.Span(ago)+" ago"))
}

// usage is a measured value. A pod that is not measured has none: not 0.
func usage(p release.Pod, k ink, value string) row {
	if !p.Measured || p.State == release.PodFailing {
		return line(faint.of("none"))
	}
	return line(k.of(value))
}

// cpuWords writes cores as kubectl top does: in thousandths.
func cpuWords(cores float64) string {
	return strconv.Itoa(int(math.Round(cores*1000))) + "m"
}
