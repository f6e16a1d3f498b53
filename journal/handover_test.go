package journal

import (
	"errors"
	"testing"

	"datahub.io/slipway/release"
)

// A process without a screen says so in its lock, and learns that somebody wants its record.
func TestHandover(t *testing.T) {
	dir := t.TempDir()
	there, here := open(t, dir), open(t, dir)
	j, err := there.Create("r1")
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append(entry(1, release.Deploying)); err != nil {
		t.Fatal(err)
	}
	held := func() Holder {
		t.Helper()
		_, _, _, err := here.Reopen("r1")
		var held *HeldError
		if !errors.As(err, &held) {
			t.Fatalf("reopened: %v", err)
		}
		return held.By
	}
	if held().Headless {
		t.Error("a process with a screen is taken for one without")
	}
	if err := there.GoHeadless("r1"); err != nil {
		t.Fatal(err)
	}
	if by := held(); !by.Headless || !by.Here() || by.PID == 0 {
		t.Errorf("%+v", by)
	}
	if there.HandoverAsked("r1") {
		t.Error("nobody has asked yet")
	}
	for range 2 { // asking twice is asking
		if err := here.AskHandover("r1"); err != nil {
			t.Fatal(err)
		}
	}
	if !there.HandoverAsked("r1") {
		t.Error("it is asked")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, _, _, err := here.Reopen("r1")
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if here.HandoverAsked("r1") {
		t.Error("who has the record has answered the request")
	}
	if by := held(); by.Headless {
		t.Error("the new holder has a screen")
	}
	if err := there.GoHeadless("r2"); err == nil {
		t.Error("there is no such record")
	}
}
