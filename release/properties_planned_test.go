package release_test

import (
	"reflect"
	"time"

	"pgregory.net/rapid"

	"datahub.io/slipway/release"
)

// survives: a release that is only planned ends by being deployed or abandoned, by
// nothing else. What is begun beside it keeps it, and it comes back as it was, with all
// that a person did to it.
func survives(t rapid.TB, before, next release.State, now time.Time, event release.Event) {
	_, wish := event.(release.Intended)
	over := before.Phase.Over() && before.Pending == nil && (wish || !now.Before(before.View.Clock))
	switch kept := before.Resumes; {
	case kept != nil && next.ID == kept.ID:
		planned(t, *kept, next.Record)
	case kept != nil && over && (next.Resumes == nil || next.Resumes.ID != kept.ID || next.ID == before.ID):
		t.Fatalf("%s of %s is over, and the planned release %s does not come back after %#v", before.ID, before.Phase, kept.ID, event)
	case kept != nil && (next.Resumes == nil || next.Resumes.ID != kept.ID):
		t.Fatalf("the planned release %s is lost on %#v", kept.ID, event)
	case kept != nil:
		planned(t, *kept, *next.Resumes)
	}
	if before.Phase != release.Planned || before.Pending != nil && before.Pending.Next != release.Planned {
		return
	}
	switch {
	case next.ID == before.ID && next.To.Image != before.To.Image:
		t.Fatalf("the planned release of %s became one of %s on %#v", before.To.Version, next.To.Version, event)
	case next.ID == before.ID && (next.Phase == release.RollingBack || next.Phase == release.RolledBack):
		t.Fatalf("the planned release of %s is %s on %#v", before.To.Version, next.Phase, event)
	case next.ID != before.ID && next.Resumes == nil:
		t.Fatalf("the planned release of %s is lost on %#v", before.To.Version, event)
	case next.ID != before.ID:
		planned(t, before.Record, *next.Resumes)
	}
}

// planned holds a planned release that was kept against what it was.
func planned(t rapid.TB, was, is release.Record) {
	if is.ID != was.ID || is.Phase != release.Planned || release.Version(is.To.Image) != release.Version(was.To.Image) || is.Seq < was.Seq || is.Resumes != nil {
		t.Fatalf("%s of %s, %s, seq %d, came back as %s of %s, %s, seq %d", was.ID, was.To.Version, was.Phase, was.Seq, is.ID, is.To.Version, is.Phase, is.Seq)
	}
	for _, item := range was.Items {
		if !item.Settled() || item.By == release.Itself {
			continue
		}
		kept := false
		for _, other := range is.Items {
			kept = kept || reflect.DeepEqual(other, item)
		}
		if !kept {
			t.Fatalf("%s was %s by %s, and is not any more", item.ID, item.Status, item.By.Name)
		}
	}
}
