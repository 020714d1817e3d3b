package matting

// keepPerson keeps the part of the foreground that holds the face, and fills its
// holes: what a person encloses belongs to them.
func (c *cutter) keepPerson() {
	s := c.scene
	core := func(i int) bool { return c.hints[i] == surelyForeground && c.labels[i] }
	person := s.connected(core, func(i int) bool { return c.labels[i] })
	outside := s.connected(func(i int) bool {
		x, y := i%s.width, i/s.width
		return x == 0 || y == 0 || x == s.width-1 || y == s.height-1
	}, func(i int) bool { return !person[i] })
	for i := range c.labels {
		c.labels[i] = !outside[i] && c.hints[i] != surelyBackground
	}
}

// connected finds the pixels that belong and can be reached from the seeds by
// horizontal and vertical steps.
func (s *scene) connected(seed, belongs func(int) bool) []bool {
	reached := make([]bool, len(s.colours))
	var edge []int
	visit := func(i int) {
		if !reached[i] && belongs(i) {
			reached[i] = true
			edge = append(edge, i)
		}
	}
	for i := range reached {
		if seed(i) {
			visit(i)
		}
	}
	for len(edge) > 0 {
		i := edge[len(edge)-1]
		edge = edge[:len(edge)-1]
		if i%s.width > 0 {
			visit(i - 1)
		}
		if i%s.width < s.width-1 {
			visit(i + 1)
		}
		if i >= s.width {
			visit(i - s.width)
		}
		if i < len(reached)-s.width {
			visit(i + s.width)
		}
	}
	return reached
}
