package matting

import "context"

// A flowGrid is a graph whose nodes are the pixels of a picture, connected to
// their eight neighbours, a source and a sink. Its minimum cut is found with the
// search trees of Boykov and Kolmogorov, "An Experimental Comparison of
// Min-Cut/Max-Flow Algorithms for Energy Minimization in Vision" (PAMI 2004).
// Capacities are integers, so the cut is exact.
//
// A margin of one node without edges surrounds the picture, so that every node
// has eight neighbours in memory.
type flowGrid struct {
	stride   int32 // nodes in a row
	step     [directions]int32
	residual [][directions]int32 // remaining capacity of each edge, by direction
	terminal []int32             // likewise from the source, or to the sink if negative
	flow     int64

	tree     []tree
	parent   []uint8 // the direction of the parent, or one of the two below
	distance []int32 // to the root, as of the time in stamp
	stamp    []int32
	clock    int32
	active   nodeQueue
	orphans  nodeQueue
}

const (
	directions = 8
	atRoot     = directions     // the parent is a terminal
	noParent   = directions + 1 // the parent was lost
)

// Opposite directions differ in the last bit.
var neighbours = [directions]struct{ x, y int32 }{{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, -1}, {-1, 1}, {1, -1}}

func opposite(direction uint8) uint8 { return direction ^ 1 }

// tree is the terminal from which a node is reached without a saturated edge.
type tree uint8

const (
	free tree = iota
	sourceTree
	sinkTree
)

func newFlowGrid(width, height int) *flowGrid {
	n := (width + 2) * (height + 2)
	g := &flowGrid{
		stride:   int32(width + 2),
		residual: make([][directions]int32, n),
		terminal: make([]int32, n),
		tree:     make([]tree, n),
		parent:   make([]uint8, n),
		distance: make([]int32, n),
		stamp:    make([]int32, n),
		active:   newNodeQueue(n),
		orphans:  newNodeQueue(n),
	}
	for d, to := range neighbours {
		g.step[d] = to.y*g.stride + to.x
	}
	return g
}

// node returns the number of the pixel at x, y.
func (g *flowGrid) node(x, y int) int32 { return int32(y+1)*g.stride + int32(x+1) }

// setTerminals sets the capacities from the source to a node and from it to the
// sink.
func (g *flowGrid) setTerminals(n, fromSource, toSink int32) {
	g.terminal[n] = fromSource - toSink
	g.flow += int64(min(fromSource, toSink))
}

// connect sets the capacity between a node and its neighbour, both ways.
func (g *flowGrid) connect(n int32, direction uint8, capacity int32) {
	g.residual[n][direction] = capacity
	g.residual[n+g.step[direction]][opposite(direction)] = capacity
}

// onSourceSide reports, after solve, whether a node is on the source's side of
// the minimum cut.
func (g *flowGrid) onSourceSide(n int32) bool { return g.tree[n] == sourceTree }

// solve finds the maximum flow. It only fails when ctx is done.
func (g *flowGrid) solve(ctx context.Context) error {
	for n, capacity := range g.terminal {
		if capacity != 0 {
			g.tree[n] = sinkTree
			if capacity > 0 {
				g.tree[n] = sourceTree
			}
			g.parent[n], g.distance[n] = atRoot, 1
			g.active.push(int32(n))
		}
	}
	for steps := 0; !g.active.empty(); steps++ {
		const often = 1 << 12
		if steps%often == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if n := g.active.pop(); g.tree[n] != free {
			g.grow(n)
		}
	}
	return nil
}

// grow adds the free neighbours of a node to its tree, and pushes flow along
// every path that it finds to the other tree.
func (g *flowGrid) grow(n int32) {
	for d := uint8(0); d < directions && g.tree[n] != free; {
		m := n + g.step[d]
		switch {
		case g.capacityFrom(n, d) == 0:
			d++
		case g.tree[m] == free:
			g.tree[m], g.parent[m] = g.tree[n], opposite(d)
			g.distance[m], g.stamp[m] = g.distance[n]+1, g.stamp[n]
			g.active.push(m)
			d++
		case g.tree[m] == g.tree[n]:
			if g.stamp[m] <= g.stamp[n] && g.distance[m] > g.distance[n]+1 { // a shorter path to the root
				g.parent[m], g.distance[m], g.stamp[m] = opposite(d), g.distance[n]+1, g.stamp[n]
			}
			d++
		default:
			g.augment(n, d)
			g.adopt()
			d = 0 // neighbours may have become free
		}
	}
}

// capacityFrom returns an edge's capacity in the direction of flow: to the
// neighbour in the source's tree, from the neighbour in the sink's.
func (g *flowGrid) capacityFrom(n int32, d uint8) int32 {
	if g.tree[n] == sourceTree {
		return g.residual[n][d]
	}
	return g.residual[n+g.step[d]][opposite(d)]
}

// augment pushes as much as possible along the path through the edge between
// two trees.
func (g *flowGrid) augment(n int32, d uint8) {
	if g.tree[n] == sinkTree {
		n, d = n+g.step[d], opposite(d)
	}
	m := n + g.step[d]
	amount := min(g.residual[n][d], g.bottleneck(n), g.bottleneck(m))
	g.clock++
	g.residual[n][d] -= amount
	g.residual[m][opposite(d)] += amount
	g.push(n, amount)
	g.push(m, amount)
	g.flow += int64(amount)
}

// bottleneck returns the smallest capacity between a node and its root.
func (g *flowGrid) bottleneck(n int32) int32 {
	narrow := int32(1<<31 - 1)
	for g.parent[n] != atRoot {
		d := g.parent[n]
		up := n + g.step[d]
		narrow = min(narrow, g.capacityFrom(up, opposite(d)))
		n = up
	}
	return min(narrow, max(g.terminal[n], -g.terminal[n]))
}

// push sends an amount along the path between a node and its root. Nodes beyond
// an edge that this saturates become orphans.
func (g *flowGrid) push(n, amount int32) {
	for g.parent[n] != atRoot {
		d := g.parent[n]
		up := n + g.step[d]
		if g.tree[n] == sinkTree {
			g.residual[n][d] -= amount
			g.residual[up][opposite(d)] += amount
		} else {
			g.residual[up][opposite(d)] -= amount
			g.residual[n][d] += amount
		}
		if g.capacityFrom(up, opposite(d)) == 0 {
			g.orphan(n)
		}
		n = up
	}
	if g.tree[n] == sinkTree {
		g.terminal[n] += amount
	} else {
		g.terminal[n] -= amount
	}
	if g.terminal[n] == 0 {
		g.orphan(n)
	}
}

func (g *flowGrid) orphan(n int32) {
	g.parent[n] = noParent
	g.orphans.push(n)
}
