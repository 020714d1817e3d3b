package matting

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
)

// TestFlowAgainstBruteForce compares the cut of small grids with the cheapest
// of all cuts.
func TestFlowAgainstBruteForce(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		width, height := 1+random.IntN(4), 1+random.IntN(3)
		edges := randomEdges(random, width, height)
		g := edges.grid()
		if err := g.solve(context.Background()); err != nil {
			t.Fatal(err)
		}
		want := edges.cheapestCut()
		if g.flow != want {
			t.Fatalf("%dx%d: flow %d, want %d\n%+v", width, height, g.flow, want, edges)
		}
		if got := edges.cost(edges.sides(g)); got != want {
			t.Fatalf("%dx%d: the cut costs %d, want %d", width, height, got, want)
		}
	}
}

func TestFlowEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g := randomEdges(rand.New(rand.NewPCG(1, 2)), 3, 3).grid()
	if err := g.solve(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// testEdges are the capacities of a grid, as they were before any flow.
type testEdges struct {
	width, height int
	terminals     [][2]int32
	between       []testEdge
}

type testEdge struct {
	from, to  int
	direction uint8
	capacity  int32
}

func randomEdges(random *rand.Rand, width, height int) testEdges {
	e := testEdges{width: width, height: height}
	for n := range width * height {
		e.terminals = append(e.terminals, [2]int32{random.Int32N(20), random.Int32N(20)})
		for d := uint8(0); d < directions; d += 2 {
			x, y := n%width+int(neighbours[d].x), n/width+int(neighbours[d].y)
			if x >= 0 && y >= 0 && x < width && y < height && random.IntN(4) > 0 {
				e.between = append(e.between, testEdge{n, y*width + x, d, random.Int32N(12)})
			}
		}
	}
	return e
}

func (e testEdges) grid() *flowGrid {
	g := newFlowGrid(e.width, e.height)
	for n, t := range e.terminals {
		g.setTerminals(g.node(n%e.width, n/e.width), t[0], t[1])
	}
	for _, edge := range e.between {
		g.connect(g.node(edge.from%e.width, edge.from/e.width), edge.direction, edge.capacity)
	}
	return g
}

// sides is the cut as a bit for each pixel, set on the source's side.
func (e testEdges) sides(g *flowGrid) (sides int) {
	for n := range e.terminals {
		if g.onSourceSide(g.node(n%e.width, n/e.width)) {
			sides |= 1 << n
		}
	}
	return sides
}

func (e testEdges) cost(sides int) (cost int64) {
	for n, t := range e.terminals {
		cost += int64(t[sides>>n&1])
	}
	for _, edge := range e.between {
		if sides>>edge.from&1 != sides>>edge.to&1 {
			cost += int64(edge.capacity)
		}
	}
	return cost
}

func (e testEdges) cheapestCut() int64 {
	cheapest := e.cost(0)
	for sides := range 1 << len(e.terminals) {
		cheapest = min(cheapest, e.cost(sides))
	}
	return cheapest
}
