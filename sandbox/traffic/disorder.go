package traffic

import (
	"slices"
	"time"
)

// Burst is a time in which more requests of a service fail than its versions make fail.
type Burst struct {
	Service Service
	// From is when it begins, Until when it ends.
	From, Until time.Time
	// Errors is the share of requests that fail, if the version's own is not higher.
	Errors float64
	// Version is the tag that it strikes; "" is every version.
	Version string
}

// hits tells whether a burst strikes a pod at a time.
func (b Burst) hits(p Pod, at time.Time) bool {
	return p.Namespace == b.Service.Namespace && p.App == b.Service.App && (b.Version == "" || b.Version == p.Tag) &&
		!at.Before(b.From) && at.Before(b.Until)
}

// Burst lets a burst come, in the time that the model has not advanced through yet.
func (m *Model) Burst(b Burst) {
	m.bursts = slices.DeleteFunc(m.bursts, func(old Burst) bool { return !old.Until.After(m.at) })
	m.bursts = append(m.bursts, b)
}

// untilBurst cuts a step where a burst begins or ends, so that none is longer or shorter than it was said to be.
func (m *Model) untilBurst(d time.Duration) time.Duration {
	for _, b := range m.bursts {
		for _, edge := range []time.Time{b.From, b.Until} {
			if edge.After(m.at) {
				d = min(d, edge.Sub(m.at))
			}
		}
	}
	return d
}

// SetRate makes a service's mean number of requests per second another one than its normal Rate, from the time to which the model has advanced.
func (m *Model) SetRate(s Service, rate float64) { m.rates[s] = rate }

// rate returns the mean number of requests per second to a service.
func (m *Model) rate(s Service) float64 {
	if rate, ok := m.rates[s]; ok {
		return rate
	}
	return s.Rate
}
