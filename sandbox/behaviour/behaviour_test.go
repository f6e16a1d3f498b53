package behaviour

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestOfTag(t *testing.T) {
	for tag, want := range map[string]string{
		"v2.4.0": "good", "v2.5.0": "good", "v10.0.0": "good", "latest": "good", "": "good", "staging": "good",
		"v2.5.0-slow": "slow", "v2.5.0-errors": "errors", "v3.1-crash": "crash", "2.5.0-unready": "unready",
		"v2.5.0-leak": "leak", "v2.5.0-missing": "missing", "v2.5.0-late": "late",
		"v2.5.0-flaky": "flaky", "v2.5.0-flawless": "flawless", "v2.5.0-coarse": "coarse",
		"v2.5.0-stumble": "stumble", "v2.5.0-hang": "hang",
		"v2.5.0-rc1": "good", "v2.5.0-unheard": "good", "crash": "good", "my-crash": "good", "v2.5.0-good": "good",
	} {
		if got := OfTag(tag).Name; got != want {
			t.Errorf("OfTag(%q) = %s, want %s", tag, got, want)
		}
	}
}

func TestName(t *testing.T) {
	for image, want := range map[string]string{
		"localhost:5000/a/datahub-gateway:v1@sha256:00ff": "datahub-gateway", "datahub-gateway": "datahub-gateway", "": "",
	} {
		if got := Name(image); got != want {
			t.Errorf("Name(%q) = %q, want %q", image, got, want)
		}
	}
}

func TestTag(t *testing.T) {
	for image, want := range map[string]string{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/datahub-gateway:v2.4.0": "v2.4.0",
		"localhost:5000/datahub-gateway":                                      "latest",
		"localhost:5000/datahub-gateway:v1@sha256:00ff":                       "v1",
		"datahub-gateway": "latest",
		"":                "latest",
	} {
		if got := Tag(image); got != want {
			t.Errorf("Tag(%q) = %q, want %q", image, got, want)
		}
	}
}

func TestLateTurnsBadAtItsOnset(t *testing.T) {
	late := OfTag("v2.5.0-late")
	for _, c := range []struct {
		age   time.Duration
		speed float64
		want  float64
	}{
		{0, 1, goodErrors},
		{late.Onset - time.Second, 1, goodErrors},
		{late.Onset, 1, late.ErrorRate},
		{late.Onset / 10, 10, late.ErrorRate},
		{late.Onset/10 - time.Second, 10, goodErrors},
	} {
		started := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		if got := late.At(started.Add(c.age), started, c.speed); got != c.want {
			t.Errorf("error rate at age %s and speed %v = %v, want %v", c.age, c.speed, got, c.want)
		}
	}
}

// All pods of a flaky version fail at the same time, whenever each of them started.
func TestFlakyFailsForASpellOfEveryPeriod(t *testing.T) {
	flaky := OfTag("v2.5.0-flaky")
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]float64{
		0: flaky.ErrorRate, flaky.Spell - 1: flaky.ErrorRate, flaky.Spell: goodErrors, flaky.Period - 1: goodErrors,
		flaky.Period: flaky.ErrorRate, 5*flaky.Period + flaky.Spell: goodErrors,
	} {
		for _, started := range []time.Time{noon.Add(-time.Hour), noon.Add(-13 * time.Second)} {
			for _, speed := range []float64{1, 10} {
				if got := flaky.At(noon.Add(after), started, speed); got != want {
					t.Errorf("error rate %s after noon, started at %s, at speed %v = %v, want %v", after, started, speed, got, want)
				}
			}
		}
	}
}

// The README's table is this table.
func TestReadmeHasEveryRow(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range Table {
		tag := "v2.5.0-" + b.Name
		if b.Name == "good" {
			tag = "v2.5.0"
		}
		if row := "| `" + tag + "` | " + b.Summary + " |"; !strings.Contains(string(readme), row) {
			t.Errorf("README.md lacks the row\n%s", row)
		}
	}
}
