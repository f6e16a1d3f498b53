package metrics

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"datahub.io/slipway/release"
)

func points(values ...float64) []release.Point {
	all := make([]release.Point, len(values))
	for i, v := range values {
		all[i].Value = v
	}
	return all
}

// Published results of the same test.
func TestTrial(t *testing.T) {
	// airquality of R's datasets package, without the missing days.
	may := points(41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37)
	august := points(39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118, 84, 85)
	for _, c := range []struct {
		source         string
		canary, stable []release.Point
		want           release.Trial
		within         float64
	}{
		{
			// R, example(wilcox.test): Hollander & Wolfe (1973), 69f., permeability
			// of the human chorioamnion; alternative = "g": W = 35, p-value = 0.1272.
			"R: Hollander & Wolfe",
			points(0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46), points(1.15, 0.88, 0.90, 0.74, 1.21),
			release.Trial{N: 10, M: 5, P: 0.1272, Canary: 1.415, Stable: 0.90},
			5e-5,
		},
		{
			// scipy.stats.mannwhitneyu, Examples: two-sided, exact 0.1111111111111111,
			// U1 = 17 of 20; the same halved is one-sided.
			"scipy: ages at diagnosis",
			points(19, 22, 16, 29, 24), points(20, 11, 17, 12),
			release.Trial{N: 5, M: 4, P: 0.1111111111111111 / 2, Canary: 22, Stable: 14.5},
			1e-12,
		},
		{
			// R, example(wilcox.test): Ozone ~ Month in May and August, two-sided, with
			// ties, normal approximation with continuity correction: p-value = 0.0001208.
			"R: airquality",
			august, may,
			release.Trial{N: 26, M: 26, P: 0.0001208 / 2, Canary: 52, Stable: 18},
			5e-8 / 2,
		},
		{
			// The rarest outcome of four and four: 1 of 8 over 4.
			"all higher",
			points(5, 6, 7, 8), points(1, 2, 3, 4),
			release.Trial{N: 4, M: 4, P: 1.0 / 70, Canary: 6.5, Stable: 2.5},
			1e-12,
		},
		{"all lower", points(1, 2, 3, 4), points(5, 6, 7, 8), release.Trial{N: 4, M: 4, P: 1, Canary: 2.5, Stable: 6.5}, 1e-12},
		{"all equal", points(0, 0, 0, 0, 0), points(0, 0, 0, 0), release.Trial{N: 5, M: 4, P: 1}, 0},
		{"few", points(5, 6, 7), points(1, 2, 3, 4), release.Trial{N: 3, M: 4, P: 1.0 / 35, Canary: 6, Stable: 2.5}, 1e-12},
		{"none", nil, points(1, 2, 3, 4), release.Trial{M: 4, P: 1, Stable: 2.5}, 0},
	} {
		got := trialOf(c.canary, c.stable)
		if math.Abs(got.P-c.want.P) > c.within {
			t.Errorf("%s: p %v, want %v", c.source, got.P, c.want.P)
		}
		if got.P = c.want.P; got != c.want {
			t.Errorf("%s: %+v, want %+v", c.source, got, c.want)
		}
	}
}

// Of few values, ties among them, P is the share of all the ways to deal them out
// in which the canary does at least as badly: counted here one by one.
func TestTrialIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		few := rapid.IntRange(0, rapid.IntRange(1, 12).Draw(rt, "most"))
		all := rapid.SliceOfN(few, 8, 12).Draw(rt, "values")
		n := rapid.IntRange(4, len(all)-4).Draw(rt, "canary's")
		values := points()
		for _, v := range all {
			values = append(values, release.Point{Value: float64(v)})
		}
		got := trialOf(values[:n], values[n:])
		seen := u2(all, 1<<n-1)
		var ways, bad float64
		for dealt := range 1 << len(all) {
			if ones(dealt) == n {
				ways++
				if u2(all, dealt) >= seen {
					bad++
				}
			}
		}
		if math.Abs(got.P-bad/ways) > 1e-9 {
			rt.Fatalf("%v, the first %d are the canary's: p %v, counted %v", all, n, got.P, bad/ways)
		}
	})
}

// u2 is twice the U of those values whose bit is set.
func u2(all []int, dealt int) (u int) {
	for i, a := range all {
		for j, b := range all {
			if dealt>>i&1 == 1 && dealt>>j&1 == 0 {
				switch {
				case a > b:
					u += 2
				case a == b:
					u++
				}
			}
		}
	}
	return u
}

func ones(bits int) (n int) {
	for ; bits > 0; bits >>= 1 {
		n += bits & 1
	}
	return n
}

// The one-sided critical values that tables of the test give for 5%: at most so low a U is
// rarer than that, and the next one is not.
func TestTrialCriticalValues(t *testing.T) {
	for n, critical := range map[int]int{4: 1, 5: 4, 8: 15, 10: 27, 15: 72, 20: 138} {
		for u, rare := range map[int]bool{critical: true, critical + 1: false} {
			canaries, stables := ofU(n, n*n-u)
			if got := trialOf(canaries, stables); (got.P <= 0.05) != rare {
				t.Errorf("%d and %d values, U %d of %d: p %v", n, n, n*n-u, n*n, got.P)
			}
		}
	}
}

// ofU gives n values of each version, none alike, with that U of the canary.
func ofU(n, u int) (canaries, stables []release.Point) {
	for i := range n {
		stables = append(stables, release.Point{Value: float64(i + 1)})
		over := min(u, n)
		u -= over
		canaries = append(canaries, release.Point{Value: float64(over) + 0.5 + float64(i)/1000})
	}
	return canaries, stables
}

// Where counting ends and the normal distribution begins, the two agree.
func TestTrialApproximates(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n, m := rapid.IntRange(20, 25).Draw(rt, "n"), rapid.IntRange(20, 25).Draw(rt, "m")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		most := rapid.IntRange(10, 500).Draw(rt, "most")
		values, others := make([]float64, n), make([]float64, m)
		for _, some := range [][]float64{values, others} {
			for i := range some {
				some[i] = float64(random.IntN(most))
			}
		}
		groups, sum := ranks(values, others)
		exact, near := counted(groups, n, sum), approximated(groups, n, m, sum)
		if math.Abs(exact-near) > 0.02 {
			rt.Fatalf("p %v, approximated %v", exact, near)
		}
	})
}
