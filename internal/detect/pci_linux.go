package detect

// ghwKnowsPCI tells whether ghw can list the PCI bus here.
const ghwKnowsPCI = true
