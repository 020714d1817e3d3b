package matting

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	xdraw "golang.org/x/image/draw"
)

// Nobody's set of photos with masks comes with this program, so its tests make
// their own: the astronaut, cut out once by hand, before other backgrounds.

// astronautFace is what the detector finds in astronaut.png.
var astronautFace = Face{222, 112, 110}

func readPNG(t testing.TB, path string) *image.RGBA {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	picture := image.NewRGBA(image.Rectangle{Max: decoded.Bounds().Size()})
	draw.Draw(picture, picture.Rect, decoded, decoded.Bounds().Min, draw.Src)
	return picture
}

// person is the astronaut without her background.
type person struct {
	original *image.RGBA
	alpha    []float64
	colours  []edgeColours
}

var onePerson struct {
	sync.Once
	person
}

func astronaut(t testing.TB) person {
	t.Helper()
	onePerson.Do(func() {
		p := &onePerson.person
		p.original = readPNG(t, "../lite/testdata/astronaut.png")
		mask := readPNG(t, "testdata/astronaut-mask.png")
		for i := 0; i < len(mask.Pix); i += 4 {
			p.alpha = append(p.alpha, float64(mask.Pix[i])/255)
		}
		p.colours = separate(newScene(p.original, 512), p.alpha, 32, 4)
	})
	return onePerson.person
}

// before puts her before a background, in light that is so strong. Height cuts
// the picture off below.
func (p person) before(b background, light float64, height int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, 512, height))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 512 * height {
		behind, noise := b(i%512, i/512), random.NormFloat64()*2
		for k := range 3 {
			c := p.colours[i].foreground[k]*light*p.alpha[i] + (behind[k]+noise)*(1-p.alpha[i])
			picture.Pix[4*i+k] = uint8(max(0, min(255, c)))
		}
		picture.Pix[4*i+3] = 255
	}
	return picture
}

// scaled is a picture and a face at another size.
func scaled(picture *image.RGBA, f Face, factor float64) (*image.RGBA, Face) {
	size := picture.Rect.Size()
	to := image.NewRGBA(image.Rect(0, 0, int(float64(size.X)*factor), int(float64(size.Y)*factor)))
	xdraw.CatmullRom.Scale(to, to.Rect, picture, picture.Rect, draw.Src, nil)
	return to, Face{f.X * factor, f.Y * factor, f.Side * factor}
}

// part copies a rectangle out of a picture; what it lacks is transparent.
func part(picture *image.RGBA, r image.Rectangle) *image.RGBA {
	copied := image.NewRGBA(image.Rectangle{Max: r.Size()})
	draw.Draw(copied, copied.Rect, picture, r.Min, draw.Src)
	return copied
}

// cutOut segments what surrounds a face, and extracts the whole picture.
func cutOut(t testing.TB, picture *image.RGBA, f Face, others ...Face) (*image.NRGBA, *Cut) {
	t.Helper()
	around := Surroundings(f)
	move := func(f Face) Face { return Face{f.X - float64(around.Min.X), f.Y - float64(around.Min.Y), f.Side} }
	var bystanders []Face
	for _, other := range others {
		bystanders = append(bystanders, move(other))
	}
	cut, err := Segment(context.Background(), part(picture, around), move(f), bystanders)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cut.Extract(context.Background(), picture, View{-float64(around.Min.X), -float64(around.Min.Y), 1})
	if err != nil {
		t.Fatal(err)
	}
	return out, cut
}

// measure compares a mask with the true one around the face: the share of
// their union that is in both, and how far the border is off in the mean, in
// sides of the face.
func (p person) measure(out *image.NRGBA, scale float64) (overlap, border float64) {
	var both, either, edge int
	around := Surroundings(astronautFace).Intersect(image.Rect(0, 0, 512, int(float64(out.Rect.Dy())/scale)))
	for y := around.Min.Y; y < around.Max.Y; y++ {
		for x := around.Min.X; x < around.Max.X; x++ {
			found := out.NRGBAAt(int((float64(x)+0.5)*scale), int((float64(y)+0.5)*scale)).A >= 128
			real := p.alpha[y*512+x] >= 0.5
			if found && real {
				both++
			}
			if found || real {
				either++
			}
			if x+1 < around.Max.X && real != (p.alpha[y*512+x+1] >= 0.5) ||
				y+1 < around.Max.Y && real != (p.alpha[(y+1)*512+x] >= 0.5) {
				edge++
			}
		}
	}
	return float64(both) / float64(either), float64(either-both) / float64(edge) / astronautFace.Side
}

// background is a colour for every place of a picture of 512×512 pixels.
type background func(x, y int) [3]float64

func plain(r, g, b float64) background {
	return func(int, int) [3]float64 { return [3]float64{r, g, b} }
}

// blend goes from one colour to the other.
func blend(from, to [3]float64, share func(x, y int) float64) background {
	return func(x, y int) (c [3]float64) {
		for k := range c {
			c[k] = from[k] + (to[k]-from[k])*share(x, y)
		}
		return c
	}
}

func downwards(x, y int) float64 { return (float64(x)*0.4 + float64(y)*0.6) / 512 }

// clouds are spots of a size in pixels, with smaller ones in them.
func clouds(seed uint64, size float64, octaves int, strength float64) func(x, y int) float64 {
	random := rand.New(rand.NewPCG(seed, seed))
	var lattice [64][64]float64
	for y := range lattice {
		for x := range lattice[y] {
			lattice[y][x] = random.Float64()
		}
	}
	smooth := func(t float64) float64 { return t * t * (3 - 2*t) }
	at := func(x, y float64) float64 {
		x0, y0 := int(x), int(y)
		right, down := smooth(x-float64(x0)), smooth(y-float64(y0))
		above := lattice[y0%64][x0%64]*(1-right) + lattice[y0%64][(x0+1)%64]*right
		below := lattice[(y0+1)%64][x0%64]*(1-right) + lattice[(y0+1)%64][(x0+1)%64]*right
		return above*(1-down) + below*down
	}
	return func(x, y int) float64 {
		sum, total, weight, cell := 0.0, 0.0, 1.0, size
		for range octaves {
			sum, total = sum+weight*at(float64(x)/cell, float64(y)/cell), total+weight
			weight, cell = weight*0.6, cell/2
		}
		return max(0, min(1, (sum/total-0.5)*strength+0.5))
	}
}

// blurred is a photo out of focus, by a radius in pixels.
func blurred(photo *image.RGBA, radius int) background {
	size := photo.Rect.Size()
	scene := newScene(photo, max(size.X, size.Y))
	var planes [3][]float64
	count := make([]float64, len(scene.colours))
	box := newBoxFilter(scene.width, scene.height)
	for k := range planes {
		planes[k] = make([]float64, len(scene.colours))
		for i, c := range scene.colours {
			planes[k][i], count[i] = float64(c[k]), 1
		}
		box.sum(planes[k], radius)
	}
	box.sum(count, radius)
	return func(x, y int) [3]float64 {
		i := y*size.Y/512*size.X + x*size.X/512
		return [3]float64{planes[0][i] / count[i], planes[1][i] / count[i], planes[2][i] / count[i]}
	}
}

func bricks(x, y int) [3]float64 {
	if row := y / 16; y%16 < 2 || (x+row%2*20)%40 < 2 {
		return [3]float64{190, 185, 175}
	}
	return [3]float64{150, 75, 60}
}

func books(x, y int) [3]float64 {
	if y%80 < 8 {
		return [3]float64{90, 60, 40}
	}
	random := rand.New(rand.NewPCG(uint64(x/14), uint64(y/80)))
	return [3]float64{random.Float64() * 255, random.Float64() * 255, random.Float64() * 255}
}

func checks(x, y int) [3]float64 {
	if (x/24+y/60)%2 == 0 {
		return [3]float64{150, 90, 60}
	}
	return [3]float64{200, 180, 160}
}

// camouflage is made of patches of the person.
func (p person) camouflage(patch int) background {
	return func(x, y int) (c [3]float64) {
		random := rand.New(rand.NewPCG(uint64(x/patch), uint64(y/patch)))
		from := 170 + random.IntN(100) + x%patch + (40+random.IntN(200)+y%patch)*512
		for k := range c {
			c[k] = math.Round(p.colours[from].foreground[k])
		}
		return c
	}
}
