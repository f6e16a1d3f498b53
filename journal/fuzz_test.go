package journal

import (
	"bytes"
	"testing"

	"datahub.io/slipway/release"
)

// Whatever is in a file: reading it ends, and gives only lines that were written
// whole, in order.
func FuzzRecord(f *testing.F) {
	first, _, err := encode(entry(1, release.Deploying), line{})
	if err != nil {
		f.Fatal(err)
	}
	next, _, err := encode(foreign(entry(2, release.Verifying)), line{})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, first, next, append(bytes.Clone(first), next...), append(bytes.Clone(first), first...), first[:len(first)/2], []byte("\n\n{}\n"), []byte(`{"seq":1,"sum":"0123456789abcdef0123456789abcdef"}` + "\n")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r record
		r.join("r1.jsonl", text)
		for i, e := range r.entries {
			if i > 0 && e.Seq <= r.entries[i-1].Seq || e.Record.Format != release.RecordFormat {
				t.Errorf("entry %d: %+v", i, e)
			}
		}
		e, found, err := lastOf(text)
		if found && err == nil && (len(r.entries) == 0 || e.Seq < r.entries[len(r.entries)-1].Seq) && bytes.Count(text, []byte("\n")) == 1 {
			t.Errorf("the last line is %+v, of %d", e, len(r.entries))
		}
	})
}
