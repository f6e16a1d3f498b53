package release

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Age writes how long ago something was: "0.2s", "3s", "65s", "4:39", "9d 4h".
func Age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return fmt.Sprintf("%.1fs", math.Floor(d.Seconds()*10)/10)
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "s"
	default:
		return Span(d)
	}
}

// Span writes a duration: "0:41", "24:41", "2h 05m", "9d 4h", "23d".
func Span(d time.Duration) string {
	d = max(d, 0)
	day := 24 * time.Hour
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
	case d < day:
		return fmt.Sprintf("%dh %02dm", int(d.Hours()), int(d.Minutes())%60)
	case d < 10*day:
		return fmt.Sprintf("%dd %dh", d/day, int(d.Hours())%24)
	default:
		return fmt.Sprintf("%dd", d/day)
	}
}

// Left writes a countdown, rounded up so that 0:00 means that it is over.
func Left(d time.Duration) string {
	return Span(d + time.Second - time.Nanosecond)
}

// Format writes a value in its unit: "0.02%", "45ms", "12,450", "1.31Gi", "1.12 cores".
func Format(u Unit, v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "none"
	}
	switch u {
	case Ratio:
		return percent(v)
	case Seconds:
		if math.Abs(v) < 1 {
			return strconv.Itoa(int(math.Round(v*1000))) + "ms"
		}
		return trimZero(v, 2) + "s"
	case PerSecond:
		return Thousands(v)
	case Bytes:
		return bytes(v)
	default:
		return trimZero(v, 2) + " cores"
	}
}

func percent(v float64) string {
	p := v * 100
	switch {
	case math.Abs(p) >= 10:
		return strconv.Itoa(int(math.Round(p))) + "%"
	case math.Abs(p) >= 1:
		return trimZero(p, 1) + "%"
	default:
		return trimZero(p, 2) + "%"
	}
}

func bytes(v float64) string {
	units := []string{"", "Ki", "Mi", "Gi", "Ti"}
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	if i >= 3 {
		return trimZero(v, 2) + units[i]
	}
	return strconv.Itoa(int(math.Round(v))) + units[i]
}

// Thousands writes a whole number with separators, and one digit more below ten.
func Thousands(v float64) string {
	if math.Abs(v) < 10 && v != math.Trunc(v) {
		return trimZero(v, 1)
	}
	s := strconv.FormatInt(int64(math.Round(v)), 10)
	start := len(s) % 3
	if start == 0 {
		start = 3
	}
	if strings.HasPrefix(s, "-") && start == 1 {
		start = 4
	}
	var b strings.Builder
	b.WriteString(s[:min(start, len(s))])
	for i := start; i < len(s); i += 3 {
		b.WriteByte(',')
		b.WriteString(s[i : i+3])
	}
	return b.String()
}

func trimZero(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Count writes "1 pod" or "3 pods".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// PodSuffix is the last part of a pod's name: "-q7hzn".
func PodSuffix(name string) string {
	if dash := strings.LastIndexByte(name, '-'); dash > 0 {
		return name[dash:]
	}
	return name
}

// BoundWords writes a judgement's bound in the dashboard's words: "Threshold:
// 0.1%", "Normal: 12,000 ± 50%", "Limit: 2Gi".
func BoundWords(j Judgement) string {
	b, unit := j.Spec.Bound, j.Spec.Unit
	switch b.Kind {
	case Range:
		return fmt.Sprintf("Normal: %s ± %s", Format(unit, b.Normal), Format(Ratio, b.Tolerance))
	case Limit:
		switch {
		case j.Unread:
			return "Limit: not known"
		case j.Limit == 0:
			return "Limit: none"
		}
		return "Limit: " + Format(unit, j.Limit)
	default:
		return "Threshold: " + Format(unit, b.Max)
	}
}

// sentence ends a text with one full stop, and begins it with a capital where it begins
// with a plain word: a version, an object or a key stays as it is.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	first := strings.TrimRight(text[:len(text)-len(strings.TrimLeftFunc(text, unicode.IsLower))], " ")
	if rest := text[len(first):]; len(first) > 1 && (rest == "" || strings.IndexByte(" ,:;.", rest[0]) >= 0) {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "…") {
		return text
	}
	return strings.TrimRight(text, ". ") + "."
}
