package plan

import "slices"

// Catalogue is the data about the images that can be run. No code knows an
// image by name: what a variant needs is data.
type Catalogue struct {
	Repository string    `yaml:"repository"`
	Variants   []Variant `yaml:"variants"`
	// SwappedColours lists the server versions, as reported by /status, that
	// swap red and blue in the background colour.
	SwappedColours []string `yaml:"swapped_colours"`
}

// SwapsRedAndBlue reports whether servers of the given version do.
func (c Catalogue) SwapsRedAndBlue(version string) bool {
	return slices.Contains(c.SwappedColours, version)
}

// Variant is one image and what it needs. Sizes are in bytes.
type Variant struct {
	Name    string `yaml:"name"`
	Summary string `yaml:"summary"`
	// BuiltIn images are built by this program from its own executable and
	// never pulled; Tag is empty for them.
	BuiltIn      bool     `yaml:"built_in"`
	Tag          string   `yaml:"tag"`
	Platforms    []string `yaml:"platforms"` // as linux/amd64
	UnpackedSize int64    `yaml:"unpacked_size"`
	// Digest identifies the image whose UnpackedSize was measured; the tag can
	// move.
	Digest string `yaml:"digest"`
	// MemoryNeeded is what one worker uses with its models loaded; MemoryLimit
	// is the container's limit.
	MemoryNeeded int64    `yaml:"memory_needed"`
	MemoryLimit  int64    `yaml:"memory_limit"`
	PIDsLimit    int64    `yaml:"pids_limit"`
	User         string   `yaml:"user"` // uid:gid
	ReadOnly     bool     `yaml:"read_only"`
	Tmpfs        []string `yaml:"tmpfs"`
	// Volume names are relative to the instance.
	Volumes []Volume  `yaml:"volumes"`
	GPU     *GPUNeeds `yaml:"gpu"`
	Init    bool      `yaml:"init"`
	Health  []string  `yaml:"health"` // as Health.Test
	// Settings are the environment variables that the image reads or declares.
	Settings []Setting `yaml:"settings"`
	// CoresUsed is how many processors one server keeps busy.
	CoresUsed int `yaml:"cores_used"`
	// StartSeconds is how long loading the models usually takes.
	StartSeconds int        `yaml:"start_seconds"`
	Needs        ImageNeeds `yaml:"needs"`
}

// GPUNeeds are the conditions under which a variant's CUDA code runs on a
// GPU.
type GPUNeeds struct {
	DriverLinux   DriverNeeds `yaml:"driver_linux"`
	DriverWindows DriverNeeds `yaml:"driver_windows"` // also for WSL
	// CompatBranches are older Linux driver branches that the image accepts on
	// the data-centre cards in CompatCards. Cards are named as nvidia-smi names
	// them, up to the model.
	CompatBranches []string `yaml:"compat_branches"`
	CompatCards    []string `yaml:"compat_cards"`
	// MinCompute is inclusive, BelowCompute exclusive.
	MinCompute   string `yaml:"min_compute"`
	BelowCompute string `yaml:"below_compute"`
	MinMemory    int64  `yaml:"min_memory"`
}

// DriverNeeds are NVIDIA driver versions: below Needed nothing runs; below
// Advised some cards do not.
type DriverNeeds struct {
	Needed  string `yaml:"needed"`
	Advised string `yaml:"advised"`
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

// VariantOf returns the name of the variant whose tag the image reference has,
// or "".
func (c Catalogue) VariantOf(image string) string {
	_, tag := splitTag(image)
	v, _ := c.variantTagged(tag)
	return v.Name
}

// Reference returns the image reference of a variant that is pulled.
func (c Catalogue) Reference(v Variant) string { return c.Repository + ":" + v.Tag }
