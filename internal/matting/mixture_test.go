package matting

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestMixtureFindsClusters draws colours around five points and looks for these.
func TestMixtureFindsClusters(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	points := []colour{{30, 30, 30}, {220, 40, 40}, {40, 200, 60}, {50, 70, 210}, {230, 225, 215}}
	var colours []colour
	for i := range 5000 {
		c := points[i%len(points)]
		for k := range c {
			c[k] = uint8(float64(c[k]) + random.NormFloat64()*6)
		}
		colours = append(colours, c)
	}
	m := newMixture(colours)
	for range 5 {
		m = m.refit(colours)
	}
	if len(m) != components {
		t.Fatalf("%d components", len(m))
	}
	for _, p := range points {
		mean := m[m.nearest(p)].mean
		for k := range p {
			if math.Abs(mean[k]-float64(p[k])) > 2 {
				t.Errorf("nearest to %v is %v", p, mean)
			}
		}
		// A fifth of the colours, deviation 6 and the noise floor: -ln of the density.
		if got, want := m.cost(p), math.Log(5)+1.5*math.Log(36+noiseFloor); math.Abs(got-want) > 0.4 {
			t.Errorf("cost of %v is %.2f, want %.2f", p, got, want)
		}
	}
	if near, far := m.cost(colour{225, 50, 45}), m.cost(colour{130, 130, 130}); near+5 > far {
		t.Errorf("a colour nearby costs %.1f, one far away %.1f", near, far)
	}
}

func TestMixtureOfFewColours(t *testing.T) {
	t.Parallel()
	for n := range 4 {
		var colours []colour
		for i := range 100 * n {
			colours = append(colours, colour{uint8(i % n * 80), 7, 9})
		}
		m := newMixture(colours)
		if len(m) != n {
			t.Errorf("%d colours: %d components", n, len(m))
		}
		for _, c := range colours {
			if cost := m.cost(c); math.IsNaN(cost) || math.IsInf(cost, 0) {
				t.Fatalf("%d colours: cost %v", n, cost)
			}
		}
	}
}
