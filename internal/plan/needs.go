package plan

// ImageNeeds is what an image of a variant is like when it is sound. The launcher
// does not need it: `facecraft verify` holds images against it. Sizes are in
// bytes.
type ImageNeeds struct {
	// CUDA is whether the models are to run on an NVIDIA GPU.
	CUDA bool `yaml:"cuda"`
	// SizeBudget is how large the unpacked layers may be together.
	SizeBudget int64   `yaml:"size_budget"`
	Models     []Model `yaml:"models"`
	// Closures are files that are of no use without others.
	Closures []Closure `yaml:"closures"`
}

// Model is a file with weights that an image has to bring along.
type Model struct {
	Name   string `yaml:"name"`
	Size   int64  `yaml:"size"`
	SHA256 string `yaml:"sha256"`
	// Places are where the application looks, in its order: the first whose
	// variables are set counts. ${NAME} and ${NAME:-default} are replaced.
	Places []string `yaml:"places"`
	// NonCommercial are terms that forbid commercial use, or empty.
	NonCommercial string `yaml:"non_commercial"`
}

// Closure says that whoever has a file which matches Holder needs one that
// matches each of Needs. Patterns are regular expressions of paths.
type Closure struct {
	Holder string   `yaml:"holder"`
	Needs  []string `yaml:"needs"`
	// Contains is a line that the needed files must have, or empty.
	Contains string `yaml:"contains"`
	Reason   string `yaml:"reason"` // what happens without
}
