package matting

// What a cut without a model gets wrong shows where it is made: a part of the
// wall beside the head was kept, hair or a shoulder was not, and the colours
// there suit both sides. The limits stand between what was measured on
// composites with an overlap (intersection over union) of 0.95 and more, and on
// those that a person would reject: faces in the wrong place, people before
// patches of themselves, white shirts before white walls.
const (
	// mostHeadDoubtful is the share of the head's inside that may be missing with
	// colours that a head has too: 0.033 was good, 0.05 bad.
	mostHeadDoubtful = 0.04
	// mostTorsoMissing is the share of the shoulders' inside that may be missing,
	// whatever its colour: 0.016 and 0.24, of white shirts.
	mostTorsoMissing = 0.1
	// mostBesideDoubtful is what may be kept beside the head and above it with
	// colours that the background has too, in squares of the face: 0.030 and
	// 0.034. mostBeside is for any colour: much hair has 0.2, a wall 0.38.
	mostBesideDoubtful = 0.032
	mostBeside         = 0.25
	// mostAtTop is how much of the picture's upper edge a person may touch, in
	// sides of the face. Hair may; 0.64 was a wall.
	mostAtTop = 0.5

	wellInside  = -0.12 // of the ordinary shape, in sides of the face
	wellOutside = 0.1
	belowHead   = 0.6 // where neck and shoulders begin
	belowHair   = 0.4 // where a raised collar may

	// How little better a colour may suit the side it was put on to be doubtful,
	// in nats. Hair has more colours than a wall, hence is less certain.
	doubtMissing = 4
	doubtKept    = 2
)

// Doubt says why the cut should not be used, or nothing where it may.
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

// tally counts pixels of a cut, by where they are and what is doubtful there.
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

// suits is how much better a pixel's colour suits the foreground than the
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
