package plan

// ImageNeeds describes a sound image of a variant. Only `facecraft verify` uses
// it, to check images. Sizes are in bytes.
type ImageNeeds struct {
	// CUDA reports whether the models run on an NVIDIA GPU.
	CUDA bool `yaml:"cuda"`
	// SizeBudget is the maximum total size of the unpacked layers.
	SizeBudget int64   `yaml:"size_budget"`
	Models     []Model `yaml:"models"`
	// Closures are files that need other files to work.
	Closures []Closure `yaml:"closures"`
}

// Model is a file with weights that an image must contain.
type Model struct {
	Name   string `yaml:"name"`
	Size   int64  `yaml:"size"`
	SHA256 string `yaml:"sha256"`
	// Places are the paths that the application tries, in order: the first one
	// whose variables are set counts. ${NAME} and ${NAME:-default} are
	// expanded.
	Places []string `yaml:"places"`
	// NonCommercial names the terms that forbid commercial use, or is empty.
	NonCommercial string `yaml:"non_commercial"`
}

// Closure says that an image with a file that matches Holder needs a matching
// file for each of Needs. Patterns are regular expressions for paths.
type Closure struct {
	Holder string   `yaml:"holder"`
	Needs  []string `yaml:"needs"`
	// Contains is text that the needed files must contain, or empty.
	Contains string `yaml:"contains"`
	Reason   string `yaml:"reason"` // what happens without them
}
