package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"datahub.io/slipway/release"
)

func written(t *testing.T, do func(*cobra.Command) error) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	err := do(cmd)
	return out.String(), err
}

// The newest release is reported unless another one is named; a pause is none.
func TestReportOfARecord(t *testing.T) {
	s, _ := newSession(t)
	hour := time.Now().Add(-time.Hour)
	s.past(t, hour, release.Record{ID: "old", Phase: release.Released, To: release.Target{Version: "v1"}})
	s.past(t, hour.Add(time.Minute), release.Record{
		ID: "new", Phase: release.RolledBack, Auto: "no progress", Ended: hour.Add(time.Minute),
		From: release.Target{Version: "v1"}, To: release.Target{Version: "v2"},
	})
	s.past(t, hour.Add(2*time.Minute), release.Record{ID: "paused", Phase: release.Idle})
	for named, want := range map[string]string{"": "new", "old": "old", "paused": "paused"} {
		if id, err := s.recordNamed(named); err != nil || id != want {
			t.Errorf("%q: %q, %v", named, id, err)
		}
	}
	if _, err := s.recordNamed("nowhere"); err == nil || !strings.Contains(err.Error(), `found no release "nowhere"`) || !strings.Contains(err.Error(), "new") {
		t.Errorf("%v", err)
	}
	for output, want := range map[string]string{"md": "**Rolled back automatically.**", "html": "<!doctype html>", "json": `"schema": 1`} {
		text, err := written(t, func(cmd *cobra.Command) error { return s.report(cmd, "new", output) })
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %v\n%s", output, err, text)
		}
		if output == "json" && !json.Valid([]byte(text)) {
			t.Errorf("no JSON: %s", text)
		}
	}
}

// A record that is as it was written is said to be; one that is not is an error that
// names the line.
func TestVerifyARecord(t *testing.T) {
	s, _ := newSession(t)
	r := release.Record{ID: "r1", Phase: release.Deploying, To: release.Target{Version: "v2"}}
	path := s.past(t, time.Now(), r)
	j, _, _, err := s.store.Reopen("r1")
	if err != nil {
		t.Fatal(err)
	}
	r.Seq, r.Format = 2, release.RecordFormat
	if err := errors.Join(j.Append(release.Entry{Seq: 2, Record: r}), j.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := written(t, func(cmd *cobra.Command) error { return s.verify(cmd, "r1") })
	if err != nil || !strings.Contains(text, "2 lines") || !strings.Contains(text, "nothing is missing or changed") {
		t.Errorf("%v\n%s", err, text)
	}
	lines, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, second, _ := bytes.Cut(lines, []byte{'\n'})
	if err := os.WriteFile(path, second, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err = written(t, func(cmd *cobra.Command) error { return s.verify(cmd, "r1") })
	var coded *exit
	if !errors.As(err, &coded) || coded.code != exitError || !strings.Contains(text, "FAIL "+filepath.Base(path)+":1: the line before it is missing or was changed") {
		t.Errorf("%v\n%s", err, text)
	}
}
