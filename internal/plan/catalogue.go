package plan

// Catalogue is the data about the images that can be run. No code knows an
// image by name: what a variant needs stands here.
type Catalogue struct {
	Repository string    `yaml:"repository"`
	Variants   []Variant `yaml:"variants"`
}

// Variant is one image and what it needs. Sizes are in bytes.
type Variant struct {
	Name    string `yaml:"name"`
	Summary string `yaml:"summary"`
	// BuiltIn images are made by this program out of itself and never pulled;
	// Tag is empty for them.
	BuiltIn      bool     `yaml:"built_in"`
	Tag          string   `yaml:"tag"`
	Platforms    []string `yaml:"platforms"` // as linux/amd64
	UnpackedSize int64    `yaml:"unpacked_size"`
	// MemoryNeeded is what one worker takes with its models loaded;
	// MemoryLimit is the ceiling that the container gets.
	MemoryNeeded int64    `yaml:"memory_needed"`
	MemoryLimit  int64    `yaml:"memory_limit"`
	PIDsLimit    int64    `yaml:"pids_limit"`
	User         string   `yaml:"user"` // uid:gid
	ReadOnly     bool     `yaml:"read_only"`
	Tmpfs        []string `yaml:"tmpfs"`
	// Volumes are named within an instance.
	Volumes []Volume  `yaml:"volumes"`
	GPU     *GPUNeeds `yaml:"gpu"`
	Init    bool      `yaml:"init"`
	Health  []string  `yaml:"health"` // as Health.Test
	// Settings are the variables that the image reads or declares.
	Settings []Setting `yaml:"settings"`
	// CoresUsed is how many processors one server keeps busy.
	CoresUsed int `yaml:"cores_used"`
	// StartSeconds is how long loading the models usually takes.
	StartSeconds int `yaml:"start_seconds"`
}

// GPUNeeds are the conditions under which a variant's CUDA code runs on a
// GPU.
type GPUNeeds struct {
	MinDriverLinux   string `yaml:"min_driver_linux"`
	MinDriverWindows string `yaml:"min_driver_windows"`
	// MinCompute is inclusive, BelowCompute exclusive.
	MinCompute   string `yaml:"min_compute"`
	BelowCompute string `yaml:"below_compute"`
	MinMemory    int64  `yaml:"min_memory"`
}

// Variant looks a variant up by its name.
func (c Catalogue) Variant(name string) (Variant, bool) {
	for _, v := range c.Variants {
		if v.Name == name {
			return v, true
		}
	}
	return Variant{}, false
}

// variantTagged looks a variant up by the tag of its image.
func (c Catalogue) variantTagged(tag string) (Variant, bool) {
	for _, v := range c.Variants {
		if v.Tag != "" && v.Tag == tag {
			return v, true
		}
	}
	return Variant{}, false
}

// Reference is the image reference of a pulled variant.
func (c Catalogue) Reference(v Variant) string { return c.Repository + ":" + v.Tag }
