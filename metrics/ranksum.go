package metrics

import (
	"math"
	"slices"

	"datahub.io/slipway/release"
)

// Up to so many values of each version the distribution is counted out; from there on the
// normal one is close enough. With ties there are twice as many sums to count.
const (
	exactMost     = 50
	exactMostTied = 25
)

// trialOf tries whether the canary's values are higher than stable's, by a
// one-sided Mann–Whitney U test: exact up to 50 values of each, 25 with ties, and
// from there on by the normal distribution, corrected for ties and continuity.
//
// Kayenta's judge has the same test and the same 98% (spinnaker/kayenta,
// NetflixACAJudge and MannWhitneyClassifier), and passes equal values without it,
// as this does. It asks whether the confidence interval of the difference, in either
// direction, keeps away from 0 by a quarter of that difference, and leaves outliers
// out. Here only higher is worse, how much of a difference matters is the rule's to
// say, and outliers stay: to ranks they are no more than high, and they may be what
// is looked for.
func trialOf(canaries, stables []release.Point) release.Trial {
	c, s := sorted(canaries), sorted(stables)
	return release.Trial{N: len(c), M: len(s), P: higher(c, s), Canary: median(c), Stable: median(s)}
}

// higher is the chance of ranks as high as those of the first values, or higher, if
// both were drawn from the same: 1 without values, or where all are equal.
func higher(values, others []float64) float64 {
	groups, sum := ranks(values, others)
	n, m := len(values), len(others)
	if n == 0 || m == 0 || len(groups) == 1 {
		return 1
	}
	most := exactMost
	if len(groups) < n+m {
		most = exactMostTied
	}
	if max(n, m) <= most {
		return counted(groups, n, sum)
	}
	return approximated(groups, n, m, sum)
}

// group is the values that are equal: how many, and twice their common rank.
type group struct{ size, rank2 int }

// ranks puts all values in one order, equal ones with the mean of their ranks, and gives
// twice the sum of the ranks of the first values.
func ranks(values, others []float64) (groups []group, sum2 int) {
	all := slices.Concat(values, others)
	slices.Sort(all)
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		g := group{j - i, i + 1 + j}
		for _, v := range values {
			if v == all[i] {
				sum2 += g.rank2
			}
		}
		groups, i = append(groups, g), j
	}
	return groups, sum2
}

// counted counts the ways to choose n of all values, and those of them whose ranks come
// to the sum or more. ways[k][s] is how many ways there are to choose k of the groups so
// far whose ranks, doubled, come to s; all that reach the sum are counted as one.
func counted(groups []group, n, sum2 int) float64 {
	ways := make([][]float64, n+1)
	for k := range ways {
		ways[k] = make([]float64, sum2+1)
	}
	ways[0][0] = 1
	for _, g := range groups {
		for k := n; k > 0; k-- { // from above: fewer are still those without this group
			for take, choose := 1, 1.0; take <= min(g.size, k); take++ {
				choose = choose * float64(g.size-take+1) / float64(take)
				for s, w := range ways[k-take] {
					if w > 0 {
						ways[k][min(s+take*g.rank2, sum2)] += w * choose
					}
				}
			}
		}
	}
	all := 0.0
	for _, w := range ways[n] {
		all += w
	}
	return ways[n][sum2] / all
}

// approximated is counted by the normal distribution.
func approximated(groups []group, n, m, sum2 int) float64 {
	size := float64(n + m)
	ties := 0.0
	for _, g := range groups {
		t := float64(g.size)
		ties += t*t*t - t
	}
	u := float64(sum2)/2 - float64(n*(n+1))/2
	deviation := math.Sqrt(float64(n*m) / 12 * (size + 1 - ties/(size*(size-1))))
	return math.Erfc((u-float64(n*m)/2-0.5)/deviation/math.Sqrt2) / 2
}

func sorted(points []release.Point) []float64 {
	values := make([]float64, len(points))
	for i, p := range points {
		values[i] = p.Value
	}
	slices.Sort(values)
	return values
}

// median of sorted values; 0 without any.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}
