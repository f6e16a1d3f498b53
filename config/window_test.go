package config

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// zones have clocks that are set by an hour, by half an hour, around midnight, by a whole
// day, twice in a year around Ramadan, or never.
var zones = []string{
	"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "America/St_Johns", "UTC",
}

// An instant is in the window exactly when the clock on the wall says so, whatever was
// done to the clock; a freeze comes before it; and the next opening and closing are the
// first moments at which that changes.
func TestWindowsFollowTheClockOnTheWall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		s := Schedule{Zone: zone}
		for range rapid.IntRange(0, 3).Draw(t, "hours") {
			h := Hours{From: rapid.IntRange(0, 24*60-1).Draw(t, "from"), To: rapid.IntRange(1, 24*60).Draw(t, "to")}
			for i := range h.Days {
				h.Days[i] = rapid.Bool().Draw(t, "day")
			}
			if h.From != h.To {
				s.Weekly = append(s.Weekly, h)
			}
		}
		// Somewhere, but most often close to where clocks are set.
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 2*365*24*60).Draw(t, "now")) * time.Minute)
		if _, set := now.In(zone).ZoneBounds(); !set.IsZero() && rapid.IntRange(0, 4).Draw(t, "close") > 0 {
			now = set.UTC().Add(time.Duration(rapid.IntRange(-48*60, 48*60).Draw(t, "off")) * time.Minute)
		}
		if rapid.Bool().Draw(t, "frozen") {
			from := wall(now, 0).Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "freeze")) * time.Hour).Truncate(time.Minute)
			s.Freezes = []Freeze{{From: from, To: from.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "long")) * time.Hour), Reason: "r"}}
		}
		w := s.Windows(now)
		if !w.Restricted() {
			return
		}
		for i := range 60 {
			at := now.Add(time.Duration(i*rapid.IntRange(1, 90).Draw(t, "step")) * time.Minute)
			frozen, sure := s.frozenAt(at)
			if !sure {
				continue
			}
			want := !frozen && (len(s.Weekly) == 0 || s.openAt(at))
			o := w.At(at)
			if o.Closed == want {
				t.Fatalf("%s in %s: closed %v, the clock says %v\n%+v", at.In(zone), zone, o.Closed, want, s)
			}
			if frozen != (o.Freeze != nil) {
				t.Fatalf("%s in %s: frozen %v, found %+v", at.In(zone), zone, frozen, o)
			}
			if next := o.Opens; o.Closed && !next.IsZero() && (!next.After(at) || w.At(next).Closed || !w.At(next.Add(-time.Second)).Closed) {
				t.Fatalf("%s: opens %s: %+v", at, next, w.At(next))
			}
			if next := o.Closes; !o.Closed && !next.IsZero() && (!next.After(at) || !w.At(next).Closed || w.At(next.Add(-time.Second)).Closed) {
				t.Fatalf("%s: closes %s", at, next)
			}
			if since := o.Since; !since.IsZero() && (since.After(at) || !w.At(since).Closed || !w.At(since.Add(-time.Second)).Closed == false && w.Weekly && since.After(w.From)) {
				t.Fatalf("%s: closed since %s", at, since)
			}
		}
	})
}

// openAt reads the clock on the wall.
func (s Schedule) openAt(at time.Time) bool {
	local := at.In(s.Zone)
	minute, day := local.Hour()*60+local.Minute(), wall(local, 0).Weekday()
	_, offset := local.Zone()
	day = at.UTC().Add(time.Duration(offset) * time.Second).Weekday()
	for _, h := range s.Weekly {
		switch {
		case h.To > h.From && h.Days[day] && minute >= h.From && minute < h.To:
			return true
		case h.To < h.From && (h.Days[day] && minute >= h.From || h.Days[(day+6)%7] && minute < h.To):
			return true
		}
	}
	return false
}

// frozenAt reads the clock on the wall. Where it shows an hour twice, it does not say
// whether a freeze has begun.
func (s Schedule) frozenAt(at time.Time) (frozen, sure bool) {
	_, offset := at.In(s.Zone).Zone()
	clock := wall(at, time.Duration(offset)*time.Second)
	for _, f := range s.Freezes {
		for _, edge := range []time.Time{f.From, f.To} {
			if first, last := instants(edge, s.Zone); !first.Equal(last) && at.After(first.Add(-24*time.Hour)) && at.Before(last.Add(24*time.Hour)) {
				return false, false
			}
		}
		frozen = frozen || !clock.Before(f.From) && clock.Before(f.To)
	}
	return frozen, true
}

// Deny beats allow where a freeze begins or ends in an hour that comes twice, or never.
func TestFreezesAroundADaylightSavingChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, c := range map[string]struct{ from, to, first, last string }{
		"twice": {"2026-10-25 02:30", "2026-10-25 02:45", "2026-10-25 00:30", "2026-10-25 01:45"},
		"never": {"2026-03-29 02:30", "2026-03-29 02:45", "2026-03-29 01:00", "2026-03-29 01:00"},
		"plain": {"2026-11-20 18:00", "2026-11-22 20:00", "2026-11-20 17:00", "2026-11-22 19:00"},
	} {
		w := Schedule{Zone: berlin, Freezes: []Freeze{{From: at(c.from), To: at(c.to)}}}.Windows(at(c.from))
		if f := w.Freezes[0]; !f.From.Equal(at(c.first)) || !f.To.Equal(at(c.last)) {
			t.Errorf("%s: %s to %s", name, f.From, f.To)
		}
	}
}

func TestChangeWindows(t *testing.T) {
	isolate(t)
	c, err := load(t, minimal+`
changeWindow:
  zone: Europe/Berlin
  open:
    - {days: [mon, tue, wed, thu, fri], from: "09:00", to: "16:00"}
    - {days: [sat], from: "22:00", to: "02:00"}
  freezes:
    - {from: 2026-12-20, to: 2027-01-03, reason: Year end, by: eng-c, change: CHG-2311}
    - {from: 2026-11-20 18:00, to: 2026-11-22 20:00, reason: Invoicing run}
`)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Environments[0].Schedule
	if s.words() != "Mon–Fri 09:00–16:00, Sat 22:00–02:00 Europe/Berlin" || s.Finish != 2*time.Hour || len(s.Freezes) != 2 || s.Freezes[0].Reason != "Invoicing run" {
		t.Errorf("%s: %+v", s.words(), s)
	}
	o := s.Windows(time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)).At(time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC))
	if !o.Closed || o.Freeze == nil || !o.Opens.Equal(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)) || !o.Since.Equal(time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", o)
	}
}

func TestChangeWindowProblems(t *testing.T) {
	for text, want := range map[string]string{
		`{zone: Mars/Olympus, open: [{days: [mon], from: "09:00", to: "16:00"}]}`: `changeWindow.zone: found "Mars/Olympus"; accepted: the name of a time zone, such as Europe/Berlin`,
		`{zone: Local}`: `changeWindow.zone: found "Local"; accepted: the name of a time zone`,
		`{open: [{days: [mon], from: "09:00", to: "16:00"}]}`:               `changeWindow.zone: found nothing; accepted: the name of a time zone`,
		`{zone: UTC, open: [{days: [monday], from: "09:00", to: "16:00"}]}`: `changeWindow.open[0].days[0]: found "monday"; accepted: mon, tue, wed, thu, fri, sat, sun`,
		`{zone: UTC, open: [{days: [mon], from: "9:00", to: "16:00"}]}`:     `changeWindow.open[0].from: found "9:00"; accepted: a time of day from "00:00" to "24:00", in quotes`,
		`{zone: UTC, open: [{days: [mon], from: "09:00", to: "09:00"}]}`:    `changeWindow.open[0].to: found "09:00"; accepted: another time than from`,
		`{zone: UTC, open: []}`:  `changeWindow.open: found an empty list; accepted: a list of hours`,
		`{zone: UTC, opens: []}`: `changeWindow.opens: found an unknown key, did you mean open?; accepted: zone, open, freezes, finish`,
		`{zone: UTC, freezes: [{from: 2026-12-20, to: 2027-01-03}]}`:                                                           `changeWindow.freezes[0].reason: found nothing; accepted: one line of text`,
		`{zone: UTC, freezes: [{from: 2026-13-20 09:00, to: 2027-01-03, reason: r}]}`:                                          `changeWindow.freezes[0].from: found "2026-13-20 09:00"; accepted: a date, or a date and time such as 2026-11-20 18:00`,
		`{zone: UTC, freezes: [{from: 2027-01-03 12:00, to: 2026-12-20, reason: r}]}`:                                          `changeWindow.freezes[0].to: found 2026-12-21 00:00; accepted: a time after from, 2027-01-03 12:00`,
		`{zone: UTC, freezes: [{from: 2026-12-20, to: 2027-01-03, reason: a}, {from: 2027-01-03, to: 2027-01-05, reason: b}]}`: `changeWindow.freezes[1]: found 2027-01-03 00:00 to 2027-01-06 00:00, which overlaps the freeze in line`,
		`{zone: UTC, finish: 25h}`: `changeWindow.finish: found "25h"; accepted: a duration from 0s to 24h`,
	} {
		isolate(t)
		_, err := load(t, minimal+"\nchangeWindow: "+text+"\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant %s", text, err, want)
		}
	}
}
