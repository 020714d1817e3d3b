//go:build !linux

package detect

// ghwKnowsPCI reports whether ghw can list the PCI bus here.
const ghwKnowsPCI = false
