package verify

import (
	"strings"

	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
)

// variantOf returns the variant that the image is meant to be, according to the
// user, its tag, or its configuration.
func variantOf(inv inventory.Inventory, catalogue plan.Catalogue, name string) plan.Variant {
	if v, ok := catalogue.Variant(name); ok {
		return v
	}
	for _, v := range catalogue.Variants {
		if v.Tag != "" && (inv.Tag == v.Tag || strings.HasSuffix(inv.Tag, "-"+v.Tag)) {
			return v
		}
	}
	for _, v := range catalogue.Variants {
		if v.BuiltIn && strings.Contains(inv.Target, "facecraft-lite:") {
			return v
		}
	}
	device, _ := inv.Config.Variable("FACECRAFT_DEVICE")
	for _, v := range catalogue.Variants {
		if v.Tag != "" && device != "" && v.Needs.CUDA == strings.HasPrefix(device, "cuda") &&
			(v.Needs.CUDA || device == "cpu") {
			return v
		}
	}
	return plan.Variant{}
}

// notKnown explains why a check has no expectation.
const notKnown = "it is not known whether the image is for CPU or GPU: --tag says so"
