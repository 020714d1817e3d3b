package photo

import "errors"

// avifOrientations maps an AVIF's rotation, in anticlockwise quarter turns, and
// subsequent mirroring to the EXIF orientation: ISO/IEC 23008-12, irot and imir.
// The columns are: not mirrored, top to bottom, and left to right.
var avifOrientations = [4][3]int{{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}}

// avifOrientation returns the EXIF orientation of an AVIF, from the properties of
// its primary item. An EXIF block does not count in such a file.
func avifOrientation(f file) int {
	quarters, mirrored := 0, 0
	properties, err := primaryProperties(f)
	for _, p := range properties {
		value, damage := f.bytes(p.begin, 1)
		switch {
		case damage != nil:
			err = damage
		case p.kind == "irot":
			quarters = int(value[0] & 3)
		case p.kind == "imir":
			mirrored = 1 + int(value[0]&1)
		}
	}
	if err != nil {
		return Upright
	}
	return avifOrientations[quarters][mirrored]
}

// primaryProperties lists the properties of a HEIF file's primary picture.
func primaryProperties(f file) (list []box, err error) {
	const most = 64 << 10 // bytes of associations; a photo has a few
	var primary, owners []byte
	content := func(target *[]byte) func(box) error {
		return func(b box) (err error) {
			*target, err = f.bytes(b.begin, int(min(b.end-b.begin, most)))
			return err
		}
	}
	var all []box
	collect := func(b box) error {
		all = append(all, b)
		return nil
	}
	err = errors.Join(
		f.find([]string{"meta", "pitm"}, content(&primary)),
		f.find([]string{"meta", "iprp", "ipma"}, content(&owners)),
		f.find([]string{"meta", "iprp", "ipco", ""}, collect))
	if err != nil || len(primary) <= fullHeader {
		return nil, err
	}
	for _, at := range associated(owners, number(primary[fullHeader:])) {
		if at >= 1 && at <= uint64(len(all)) {
			list = append(list, all[at-1])
		}
	}
	return list, nil
}

// associated reads an ipma box: the positions of an item's properties, counted
// from 1.
func associated(data []byte, item uint64) (places []uint64) {
	take := func(n int) uint64 {
		n = min(n, len(data))
		value := number(data[:n])
		data = data[n:]
		return value
	}
	id, place, essential := 2, 1, uint64(0x80)
	if version := take(1); version > 0 {
		id = 4
	}
	if flags := take(3); flags&1 != 0 {
		place, essential = 2, 0x8000
	}
	for entries := take(4); entries > 0 && len(data) > 0; entries-- {
		owner := take(id)
		for n := take(1); n > 0; n-- {
			if at := take(place) &^ essential; owner == item {
				places = append(places, at)
			}
		}
	}
	return places
}

// number returns a big-endian number of up to eight bytes.
func number(data []byte) (n uint64) {
	for _, b := range data[:min(8, len(data))] {
		n = n<<8 | uint64(b)
	}
	return n
}
