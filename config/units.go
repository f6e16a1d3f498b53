package config

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// The scalars with a unit. A share needs its percent sign: a bare 0.1 could mean
// 0.1% or 10%.
var (
	duration = kind[time.Duration]{"a duration above 0, such as 100ms, 30s or 5m", func(s string) (time.Duration, bool) {
		d, err := time.ParseDuration(s)
		return d, err == nil && d > 0
	}}
	seconds = kind[float64]{duration.accepted, func(s string) (float64, bool) {
		d, ok := duration.parse(s)
		return d.Seconds(), ok
	}}
	window = kind[time.Duration]{"a duration of at least 1s, such as 30s or 5m", func(s string) (time.Duration, bool) {
		d, err := time.ParseDuration(s)
		return d, err == nil && d >= time.Second
	}}
	share = kind[float64]{"a share from 0% to 100%, such as 0.1%", func(s string) (float64, bool) {
		v, ok := percent(s)
		return v, ok && v <= 1
	}}
	warnShare = kind[float64]{"a share above 0%, up to 100%, such as 90%", func(s string) (float64, bool) {
		v, ok := share.parse(s)
		return v, ok && v > 0
	}}
	perSecond = kind[float64]{"a number above 0 of requests a second, such as 12000", positive}
	count     = kind[int]{"a whole number from 1 to 100, such as 3", func(s string) (int, bool) {
		n, err := strconv.Atoi(s)
		return n, err == nil && 1 <= n && n <= 100
	}}
	boolean = kind[bool]{"true or false", func(s string) (bool, bool) {
		return s == "true", s == "true" || s == "false"
	}}
)

// suffixes of Kubernetes quantities, longest first.
var (
	byteSuffixes = []suffix{
		{"Ki", 1 << 10},
		{"Mi", 1 << 20},
		{"Gi", 1 << 30},
		{"Ti", 1 << 40},
		{"k", 1e3},
		{"M", 1e6},
		{"G", 1e9},
		{"T", 1e12},
		{"", 1},
	}
	coreSuffixes = []suffix{{"m", 1e-3}, {"", 1}}
)

type suffix struct {
	text   string
	factor float64
}

// limit is what a limit may be: the container's own, or a quantity.
type limit struct {
	fromDeployment bool
	max            float64
}

func limitIn(suffixes []suffix, example string) kind[limit] {
	return kind[limit]{"fromDeployment, or a limit above 0 such as " + example, func(s string) (limit, bool) {
		if s == "fromDeployment" {
			return limit{fromDeployment: true}, true
		}
		for _, suffix := range suffixes {
			if number, ok := strings.CutSuffix(s, suffix.text); ok {
				v, ok := positive(number)
				return limit{max: v * suffix.factor}, ok
			}
		}
		return limit{}, false
	}}
}

// percent reads "20%" as 0.2, and "150%" as 1.5: how far it may go is for the
// kind to say.
func percent(s string) (float64, bool) {
	number, ok := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	return v / 100, ok && err == nil && 0 <= v
}

func positive(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && v > 0 && !math.IsInf(v, 0)
}
