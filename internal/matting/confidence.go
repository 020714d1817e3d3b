package matting

// A cut without a model has recognisable errors: part of the wall beside the head
// was kept, hair or a shoulder was not, and the colours there suit both sides.
// The limits lie between the values measured on composites with an overlap
// (intersection over union) of at least 0.95, and on those that a person would
// reject: faces in the wrong place, people in front of patches of themselves,
// white shirts in front of white walls.
const (
	// mostHeadDoubtful is the share of the head's inside that may be missing
	// although its colours suit a head: 0.033 was good, 0.05 bad.
	mostHeadDoubtful = 0.04
	// mostTorsoMissing is the share of the shoulders' inside that may be missing,
	// whatever its colour: 0.016 was good, 0.24 bad (white shirts).
	mostTorsoMissing = 0.1
	// mostBesideDoubtful is the area beside and above the head that may be kept
	// although its colours suit the background, in squares of the face: 0.030 was
	// good, 0.034 bad. mostBeside is the limit for any colour: a lot of hair has
	// 0.2, a wall 0.38.
	mostBesideDoubtful = 0.032
	mostBeside         = 0.25
	// mostAtTop is how much of the picture's upper edge a person may touch, in
	// sides of the face. Hair may reach it; 0.64 was a wall.
	mostAtTop = 0.5

	wellInside  = -0.12 // of the ordinary shape, in sides of the face
	wellOutside = 0.1
	belowHead   = 0.6 // where neck and shoulders begin
	belowHair   = 0.4 // where a raised collar may begin

	// A colour is doubtful if it suits its assigned side better by less than
	// this, in nats. Hair has more colours than a wall, so it is less certain.
	doubtMissing = 4
	doubtKept    = 2
)

// Doubt returns why the cut should not be used, or "" if it can be.
func (c *Cut) Doubt() string {
	if len(c.cutter.foreground) == 0 || len(c.cutter.background) == 0 {
		return "the face fills the picture"
	}
	t := c.cutter.tally(c.subject)
	square := product(t.side, t.side)
	switch {
	case t.headDoubtful > product(mostHeadDoubtful, t.head):
		return "the background looks like hair or skin"
	case t.torsoMissing > product(mostTorsoMissing, t.torso):
		return "the background looks like the clothes"
	case t.besideDoubtful > product(mostBesideDoubtful, square),
		t.beside > product(mostBeside, square),
		t.atTop > product(mostAtTop, t.side):
		return "what is beside the head looks like a part of it"
	}
	return ""
}

// tally counts the pixels of a cut, and the doubtful ones, by region.
type tally struct {
	side                   float64 // of the face
	head, headDoubtful     float64
	torso, torsoMissing    float64
	beside, besideDoubtful float64
	atTop                  float64
}

func (c *cutter) tally(subject Face) tally {
	t := tally{side: subject.Side / c.scene.scale}
	for y := range c.scene.height {
		for x := range c.scene.width {
			i := y*c.scene.width + x
			if c.scene.void[i] {
				continue
			}
			_, v := subject.to(c.scene.place(x, y))
			t.add(c.labels[i], c.outside[i], v, c.suits(i))
			if y == 0 && c.labels[i] {
				t.atTop++
			}
		}
	}
	return t
}

// suits returns how much better a pixel's colour suits the foreground than the
// background, in nats.
func (c *cutter) suits(i int) float64 {
	return c.background.cost(c.scene.colours[i]) - c.foreground.cost(c.scene.colours[i])
}

func (t *tally) add(kept bool, outside, v, suits float64) {
	switch {
	case outside < wellInside && v < belowHead:
		t.head++
		if !kept && suits > -doubtMissing {
			t.headDoubtful++
		}
	case outside < wellInside:
		t.torso++
		if !kept {
			t.torsoMissing++
		}
	case outside > wellOutside && v < belowHair && kept:
		t.beside++
		if suits < doubtKept {
			t.besideDoubtful++
		}
	}
}
