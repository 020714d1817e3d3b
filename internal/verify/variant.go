package verify

import (
	"strings"

	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
)

// variantOf is what the image is meant to be: what the user says, what its tag
// says, or what its own configuration says.
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

// notKnown is why a check cannot say what is right.
const notKnown = "it is not known whether the image is for CPU or GPU: --tag says so"
