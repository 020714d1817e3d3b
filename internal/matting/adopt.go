package matting

// adopt finds a new parent for every orphan, or frees it.
func (g *flowGrid) adopt() {
	for !g.orphans.empty() {
		n := g.orphans.pop()
		if d, distance := g.nearestParent(n); d != noParent {
			g.parent[n], g.distance[n], g.stamp[n] = d, distance+1, g.clock
			continue
		}
		g.release(n)
	}
}

// nearestParent returns the direction of the neighbour in an orphan's tree that
// is nearest to the root.
func (g *flowGrid) nearestParent(n int32) (direction uint8, distance int32) {
	direction = noParent
	for d := range uint8(directions) {
		m := n + g.step[d]
		if g.tree[m] != g.tree[n] || g.capacityFrom(m, opposite(d)) == 0 {
			continue
		}
		if found, rooted := g.rootDistance(m); rooted && (direction == noParent || found < distance) {
			direction, distance = d, found
		}
	}
	return direction, distance
}

// rootDistance returns a node's distance from its root, if its path there does
// not end at an orphan. Distances are stored for this round of adoption.
func (g *flowGrid) rootDistance(n int32) (distance int32, rooted bool) {
	m := n
	for ; g.stamp[m] != g.clock; m += g.step[g.parent[m]] {
		if g.parent[m] == noParent {
			return 0, false
		}
		if g.parent[m] == atRoot {
			g.distance[m], g.stamp[m] = 1, g.clock
			break
		}
		distance++
	}
	if g.parent[m] == noParent {
		return 0, false
	}
	distance += g.distance[m]
	for left := distance; g.stamp[n] != g.clock; left-- {
		g.distance[n], g.stamp[n] = left, g.clock
		n += g.step[g.parent[n]]
	}
	return distance, true
}

// release removes a node from its tree. Its children become orphans, and
// neighbours may reach it again.
func (g *flowGrid) release(n int32) {
	for d := range uint8(directions) {
		m := n + g.step[d]
		if g.tree[m] != g.tree[n] {
			continue
		}
		if g.capacityFrom(m, opposite(d)) > 0 {
			g.active.push(m)
		}
		if g.parent[m] == opposite(d) {
			g.orphan(m)
		}
	}
	g.tree[n] = free
}

// nodeQueue is a first-in, first-out queue that holds each node at most once.
type nodeQueue struct {
	next        []int32 // the following node, itself for the last, -1 for nodes not queued
	first, last int32
}

func newNodeQueue(nodes int) nodeQueue {
	q := nodeQueue{next: make([]int32, nodes), first: -1}
	for i := range q.next {
		q.next[i] = -1
	}
	return q
}

func (q *nodeQueue) empty() bool { return q.first < 0 }

func (q *nodeQueue) push(n int32) {
	if q.next[n] >= 0 {
		return
	}
	q.next[n] = n
	if q.first < 0 {
		q.first = n
	} else {
		q.next[q.last] = n
	}
	q.last = n
}

func (q *nodeQueue) pop() int32 {
	n := q.first
	q.first = q.next[n]
	if q.first == n {
		q.first = -1
	}
	q.next[n] = -1
	return n
}
