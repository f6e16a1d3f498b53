package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are known also where the system has no database of them

	"go.yaml.in/yaml/v3"

	"datahub.io/slipway/release"
)

// How far windows are resolved: back, so that it is known when they closed and whether a
// release began in time; ahead, so that the next opening is found behind a long freeze.
const (
	windowsBack  = 31 * 24 * time.Hour
	windowsAhead = 400 * 24 * time.Hour
)

// Schedule is when changes may be made: weekly hours and dated freezes in one zone.
type Schedule struct {
	Zone    *time.Location
	Weekly  []Hours
	Freezes []Freeze
	Finish  time.Duration
}

// Hours are open on some days of the week, from a minute of the day to another one; the
// end is of the next day where it is not later.
type Hours struct {
	Days     [7]bool // by time.Weekday
	From, To int     // minutes; 24:00 is 1440
}

// Freeze is a stretch of local time without changes.
type Freeze struct {
	From, To           time.Time // of the clock on the wall, in UTC
	Reason, By, Change string
}

// Windows resolves the schedule to instants around now. An instant is in the hours
// exactly when the clock on the wall says so then: where clocks are set back an hour
// counts twice, where they are set forward none is made up.
func (s Schedule) Windows(now time.Time) release.Windows {
	w := release.Windows{
		Weekly: len(s.Weekly) > 0, Words: s.words(), Zone: s.Zone, Finish: s.Finish,
		From: now.Add(-windowsBack), Until: now.Add(windowsAhead),
	}
	if s.Zone == nil {
		return release.Windows{}
	}
	for at := w.From; at.Before(w.Until); {
		from, to, offset := segment(at, w.Until, s.Zone)
		w.Open = append(w.Open, s.within(from, to, offset)...)
		at = to
	}
	w.Open = joined(w.Open)
	for _, f := range s.Freezes {
		first, _ := instants(f.From, s.Zone)
		_, last := instants(f.To, s.Zone)
		w.Freezes = append(w.Freezes, release.Window{From: first, To: last, Reason: f.Reason, By: f.By, Change: f.Change})
	}
	return w
}

// segment is the stretch from a moment on, until a limit, in which clocks are not set.
func segment(at, limit time.Time, zone *time.Location) (from, to time.Time, offset time.Duration) {
	_, seconds := at.In(zone).Zone()
	_, end := at.In(zone).ZoneBounds()
	if to = limit; !end.IsZero() && end.Before(limit) {
		to = end
	}
	return at, to, time.Duration(seconds) * time.Second
}

// within are the weekly hours in a stretch in which clocks are not set.
func (s Schedule) within(from, to time.Time, offset time.Duration) []release.Window {
	var open []release.Window
	first := wall(from, offset).Truncate(24*time.Hour).AddDate(0, 0, -1) // its hours may go on into the next day
	for day := first; day.Before(wall(to, offset)); day = day.AddDate(0, 0, 1) {
		for _, h := range s.Weekly {
			if !h.Days[day.Weekday()] {
				continue
			}
			end := h.To
			if end <= h.From {
				end += 24 * 60
			}
			x := release.Window{From: day.Add(time.Duration(h.From)*time.Minute - offset), To: day.Add(time.Duration(end)*time.Minute - offset)}
			if x.From.Before(from) {
				x.From = from
			}
			if x.To.After(to) {
				x.To = to
			}
			if x.From.Before(x.To) {
				open = append(open, x)
			}
		}
	}
	return open
}

// wall is what the clock on the wall says, written as a time in UTC.
func wall(at time.Time, offset time.Duration) time.Time { return at.UTC().Add(offset) }

// joined gives the windows in order, with those that touch made one.
func joined(windows []release.Window) []release.Window {
	slices.SortFunc(windows, func(a, b release.Window) int { return a.From.Compare(b.From) })
	var out []release.Window
	for _, w := range windows {
		if n := len(out); n > 0 && !w.From.After(out[n-1].To) {
			if w.To.After(out[n-1].To) {
				out[n-1].To = w.To
			}
			continue
		}
		out = append(out, w)
	}
	return out
}

// instants are the first and the last moment at which the clock on the wall shows a time,
// or passes it where clocks are set forward over it.
func instants(clock time.Time, zone *time.Location) (first, last time.Time) {
	guess := clock.Add(-24 * time.Hour)
	for at := guess; at.Before(clock.Add(24 * time.Hour)); {
		from, to, offset := segment(at, clock.Add(24*time.Hour), zone)
		exact := clock.Add(-offset)
		switch {
		case !exact.Before(from) && exact.Before(to):
			if first.IsZero() {
				first = exact
			}
			last = exact
		case exact.Before(from) && last.IsZero():
			first, last = from, from // it was passed over
		}
		at = to
	}
	return first, last
}

// words writes the weekly hours as people say them.
func (s Schedule) words() string {
	if len(s.Weekly) == 0 {
		return ""
	}
	parts := make([]string, len(s.Weekly))
	for i, h := range s.Weekly {
		parts[i] = fmt.Sprintf("%s %s–%s", dayWords(h.Days), clockWords(h.From), clockWords(h.To))
	}
	return strings.Join(parts, ", ") + " " + s.Zone.String()
}

func clockWords(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// week is the days as they are written, Monday first.
var week = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// dayWords writes days, those in a row as a range: "Mon–Fri", "Tue, Thu".
func dayWords(days [7]bool) string {
	var parts []string
	for i := 0; i < len(week); i++ {
		if !days[week[i]] {
			continue
		}
		last := i
		for last+1 < len(week) && days[week[last+1]] {
			last++
		}
		switch short := func(d time.Weekday) string { return d.String()[:3] }; {
		case last > i+1:
			parts = append(parts, short(week[i])+"–"+short(week[last]))
			i = last
		default:
			parts = append(parts, short(week[i]))
		}
	}
	return strings.Join(parts, ", ")
}

var (
	dayNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	weekday  = kind[time.Weekday]{strings.Join(dayNames, ", "), func(s string) (time.Weekday, bool) {
		i := slices.Index(dayNames, s)
		return week[max(i, 0)], i >= 0
	}}
	zoneName = kind[*time.Location]{"the name of a time zone, such as Europe/Berlin, America/New_York, Asia/Tokyo or UTC", func(s string) (*time.Location, bool) {
		if s == "" || s == "Local" {
			return nil, false
		}
		zone, err := time.LoadLocation(s)
		return zone, err == nil
	}}
	minuteOfDay = kind[int]{`a time of day from "00:00" to "24:00", in quotes`, func(s string) (int, bool) {
		if s == "24:00" {
			return 24 * 60, true
		}
		t, err := time.Parse("15:04", s)
		return t.Hour()*60 + t.Minute(), err == nil && len(s) == 5
	}}
	finishFor = kind[time.Duration]{"a duration from 0s to 24h, such as 2h", func(s string) (time.Duration, bool) {
		d, err := time.ParseDuration(s)
		return d, err == nil && 0 <= d && d <= 24*time.Hour
	}}
)

// localTime reads "2026-11-20 18:00", or a date: then the whole day counts.
func localTime(end bool) kind[time.Time] {
	return kind[time.Time]{"a date, or a date and time such as 2026-11-20 18:00", func(s string) (time.Time, bool) {
		if t, err := time.Parse("2006-01-02 15:04", s); err == nil {
			return t, true
		}
		t, err := time.Parse("2006-01-02", s)
		if end {
			t = t.AddDate(0, 0, 1)
		}
		return t, err == nil
	}}
}

// schedule reads the change windows of all environments, or of one.
func (d *decoder) schedule(into *Schedule) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		s := *into
		if s.Zone == nil {
			s.Finish = 2 * time.Hour
		}
		known := ""
		if s.Zone == nil {
			known = zoneName.accepted
		}
		d.mapping(n, path, []field{
			{"zone", known, value(d, &s.Zone, zoneName)},
			{"open", "", d.hours(&s.Weekly)},
			{"freezes", "", d.freezes(&s.Freezes)},
			{"finish", "", value(d, &s.Finish, finishFor)},
		})
		*into = s
	}
}

func (d *decoder) hours(into *[]Hours) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*into = nil
		d.list(n, path, "a list of hours: {days: [mon, fri], from: \"09:00\", to: \"16:00\"}", func(n *yaml.Node, path string) {
			h := Hours{From: -1, To: -1}
			d.mapping(n, path, []field{
				{"days", "a list of days: " + weekday.accepted, func(n *yaml.Node, path string) {
					d.list(n, path, "a list of days: "+weekday.accepted, func(n *yaml.Node, path string) {
						var day time.Weekday
						value(d, &day, weekday)(n, path)
						h.Days[day] = true
					})
				}},
				{"from", minuteOfDay.accepted, value(d, &h.From, minuteOfDay)},
				{"to", minuteOfDay.accepted, value(d, &h.To, minuteOfDay)},
			})
			if h.From >= 0 && h.From == h.To {
				d.problem(n, path+".to", quote(clockWords(h.To)), "another time than from; 00:00 to 24:00 is the whole day")
			}
			*into = append(*into, h)
		})
	}
}

func (d *decoder) freezes(into *[]Freeze) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*into = nil
		var lines []int
		d.list(n, path, "a list of freezes: {from: 2026-12-20, to: 2027-01-03, reason: …}", func(n *yaml.Node, path string) {
			var f Freeze
			d.mapping(n, path, []field{
				{"from", localTime(false).accepted, value(d, &f.From, localTime(false))},
				{"to", localTime(true).accepted, value(d, &f.To, localTime(true))},
				{"reason", text.accepted, value(d, &f.Reason, text)},
				{"by", "", value(d, &f.By, text)},
				{"change", "", value(d, &f.Change, text)},
			})
			if f.From.IsZero() || f.To.IsZero() {
				return
			}
			if !f.To.After(f.From) {
				d.problem(n, path+".to", freezeTime(f.To), "a time after from, "+freezeTime(f.From))
				return
			}
			for i, other := range *into {
				if f.From.Before(other.To) && other.From.Before(f.To) {
					d.problem(n, path, fmt.Sprintf("%s to %s, which overlaps the freeze in line %d, %s to %s", freezeTime(f.From), freezeTime(f.To), lines[i], freezeTime(other.From), freezeTime(other.To)),
						"freezes that do not overlap: end one before the next begins, or make them one")
					return
				}
			}
			*into, lines = append(*into, f), append(lines, n.Line)
		})
		slices.SortFunc(*into, func(a, b Freeze) int { return a.From.Compare(b.From) })
	}
}

func freezeTime(t time.Time) string { return t.Format("2006-01-02 15:04") }
