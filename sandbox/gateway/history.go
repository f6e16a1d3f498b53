package gateway

import (
	"fmt"
	"slices"
	"time"

	"datahub.io/slipway/sandbox/traffic"
)

// History is the past of all series, for a Prometheus that has none yet. Series that the gateway exposes go on from its end.
type History struct {
	// Times are in milliseconds since 1970.
	Times []int64 `json:"times"`
	// Series is in order of first appearance.
	Series []*Past `json:"series"`

	index map[string]*Past
	// last is what the samples added last belong to: mostly, the next ones belong to the same.
	last []lastSample
}

type lastSample struct {
	sample traffic.Sample
	past   *Past
}

// Past is the history of one series: Values[i] belongs to Times[First+i].
type Past struct {
	Labels map[string]string `json:"labels"`
	First  int               `json:"first"`
	Values []float64         `json:"values"`
}

// simulate lets the model live through the past up to now, with the pods that there are now.
func simulate(g *Gateway, now time.Time) *History {
	h := &History{index: map[string]*Past{}}
	for at := g.model.Now().Add(ScrapeInterval); !at.After(now); at = at.Add(ScrapeInterval) {
		g.model.Advance(at)
		h.add(at, g.samples())
	}
	return h
}

// end is the time of the last values.
func (h *History) end() time.Time {
	if len(h.Times) == 0 {
		return time.Time{}
	}
	return time.UnixMilli(h.Times[len(h.Times)-1])
}

// add appends the values at a time. A series that was there before and then is not ends for good.
func (h *History) add(at time.Time, samples []traffic.Sample) {
	position := len(h.Times)
	h.Times = append(h.Times, at.UnixMilli())
	last := make([]lastSample, len(samples))
	for i, s := range samples {
		var past *Past
		if i < len(h.last) && h.last[i].sample.Name == s.Name && slices.Equal(h.last[i].sample.Labels, s.Labels) {
			past = h.last[i].past
		} else {
			past = h.find(s, position)
		}
		last[i] = lastSample{s, past}
		if past.First+len(past.Values) == position {
			past.Values = append(past.Values, s.Value)
		}
	}
	h.last = last
}

// find returns the history of a series, a new one that begins at a position if it has none.
func (h *History) find(s traffic.Sample, position int) *Past {
	key := fmt.Sprint(s.Name, s.Labels)
	if past := h.index[key]; past != nil {
		return past
	}
	past := &Past{Labels: map[string]string{"__name__": s.Name}, First: position}
	for _, l := range s.Labels {
		past.Labels[l.Name] = l.Value
	}
	h.index[key] = past
	h.Series = append(h.Series, past)
	return past
}
