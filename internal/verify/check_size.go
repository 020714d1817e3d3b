package verify

import (
	"cmp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/inventory"
)

const (
	maxPackedLayer = int64(10_000_000_000) // registries and proxies refuse or time out
	maxLayerCount  = 127                   // the limit of overlay2
)

func size(s *subject) []result {
	var list []result
	if n := len(s.Layers); n > maxLayerCount {
		list = append(list, fail("it has %d layers; Docker's limit is %d", n, maxLayerCount).keyed("layers").
			remedied("join RUN instructions, or copy the result into a new stage"))
	}
	for i, layer := range s.Layers {
		if layer.Packed >= maxPackedLayer {
			list = append(list, fail("layer %d is %s to download", i+1, bytes(layer.Packed)).with(s.layerText(i)).
				keyed("layer").remedied("split the instruction that makes it"))
		}
	}
	total := s.Size()
	switch budget := s.variant.Needs.SizeBudget; {
	case total == inventory.UnknownSize:
		list = append(list, unknown("the registry does not say how large the unpacked image is; use --depth files").
			known(inventory.FilesDepth))
	case budget > 0 && total > budget:
		list = append(list, fail("it takes %s unpacked, more than the %s of a %s image", bytes(total), bytes(budget),
			strings.ToUpper(s.variant.Name)).
			with(s.largest()...).saving(total-budget).keyed("budget"))
	case budget > 0:
		list = append(list, pass("it takes %s unpacked, of a budget of %s", bytes(total), bytes(budget)))
	case len(list) == 0:
		list = append(list, pass("it takes %s unpacked, in %s", bytes(total),
			format.Count(len(s.Layers), "layer", "layers")))
	}
	return list
}

// largest returns the largest layers.
func (s *subject) largest() (list []string) {
	var order []int
	for i := range s.Layers {
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.Layers[b].Size, s.Layers[a].Size) })
	for _, i := range order[:min(3, len(order))] {
		list = append(list, bytes(s.Layers[i].Size)+", "+s.layerText(i))
	}
	return list
}

// Waste below these bounds is not worth a rebuild.
const (
	minWaste      = 10_000_000 // bytes
	minWasteShare = 50         // 1/50 of the image
)

// waste finds bytes that a pull transfers but no container sees.
func waste(s *subject) []result {
	sizes := s.sizes
	lost := int64(0)
	var evidence []string
	for _, cause := range hidden {
		if n := sizes.Causes[cause]; n > 0 {
			lost += n
			evidence = append(evidence, bytes(n)+" "+string(cause))
		}
	}
	switch {
	case sizes.Total == inventory.UnknownSize:
		return []result{unknown("the sizes of the layers are not known")}
	case lost < minWaste && lost*minWasteShare < sizes.Total || lost < 1_000_000:
		return []result{pass("%s of %s are hidden or there twice", bytes(lost), bytes(sizes.Total))}
	}
	evidence = append(evidence, s.wasted()...)
	return []result{fail("%s of %s are hidden or there twice", bytes(lost), bytes(sizes.Total)).with(some(evidence)...).
		saving(lost).keyed("waste")}
}

// wasted returns the layers that hide the most, with what they hide.
func (s *subject) wasted() (list []string) {
	by := map[[2]int]int64{}
	for _, f := range s.Stored {
		if f.Fate != inventory.Visible {
			by[[2]int{f.Layer, f.By}] += f.Size
		}
	}
	var pairs [][2]int
	for pair := range by {
		pairs = append(pairs, pair)
	}
	slices.SortFunc(pairs, func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(by[b], by[a]), slices.Compare(a[:], b[:]))
	})
	for _, pair := range pairs[:min(2, len(pairs))] {
		list = append(list, bytes(by[pair])+" of "+s.layerText(pair[0])+"; hidden by "+s.layerText(pair[1]))
	}
	if len(list) == 0 && len(s.Stored) == 0 {
		list = append(list, "--depth layers names the files and the layers")
	}
	return list
}
