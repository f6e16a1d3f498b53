package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"datahub.io/slipway/release"
)

// Figures are kept beside the record, each with its sum; a damaged one is counted and the
// others are read. They are no record of their own, and go with theirs.
func TestReadings(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if all, damaged, err := store.Readings("r1"); len(all) != 0 || damaged != 0 || err != nil {
		t.Errorf("of none: %v, %d, %v", all, damaged, err)
	}
	weight := 10
	for i := range 3 {
		r := release.Reading{
			At: start.Add(time.Duration(i) * time.Second), All: map[release.MetricName]float64{release.ErrorRate: 0.001},
			Weight: &weight, Pods: map[string]int{"v2\x1b[31m": i},
		}
		if err := j.Read(r); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(store.path(), "r1"+readingsSuffix)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "0.001", "0.002", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	all, damaged, err := store.Readings("r1")
	if err != nil || damaged != 1 || len(all) != 2 || *all[0].Weight != 10 || all[1].Pods["v2"] != 2 {
		t.Errorf("%+v, %d damaged, %v", all, damaged, err)
	}
	if list, err := store.All(); err != nil || len(list) != 0 {
		t.Errorf("listed: %+v, %v", list, err)
	}
	if found := store.Examine(); len(found) != 0 {
		t.Error(found)
	}
	if err := j.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("they stayed: %v", err)
	}
}

// A file of figures that has grown too large takes no more.
func TestReadingsAreBounded(t *testing.T) {
	store := open(t, t.TempDir())
	j, err := store.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Read(release.Reading{At: start}); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(store.path(), "r1"+readingsSuffix), readingsBound+1); err != nil { // sparse
		t.Fatal(err)
	}
	if err := j.Read(release.Reading{At: start}); err == nil || !strings.Contains(err.Error(), "r1.samples is full") {
		t.Errorf("%v", err)
	}
}
