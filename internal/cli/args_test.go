package cli

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
)

func TestArrange(t *testing.T) {
	t.Parallel()
	a := &app{}
	for line, want := range map[string]string{
		"facecraft":                                 "facecraft",
		"facecraft --help":                          "facecraft --help",
		"facecraft nothing -x y":                    "facecraft nothing -x y",
		"facecraft up --port 9000":                  "facecraft up --port 9000",
		"facecraft process a.jpg -o out":            "facecraft process -o out -- a.jpg",
		"facecraft process a.jpg --output=out":      "facecraft process --output=out -- a.jpg",
		"facecraft process a.jpg --lite b.jpg":      "facecraft process --lite -- a.jpg b.jpg",
		"facecraft process a.jpg -f -o out b.jpg":   "facecraft process -f -o out -- a.jpg b.jpg",
		"facecraft process -o out -- -odd.jpg":      "facecraft process -o out -- -odd.jpg",
		"facecraft process a.jpg -- -o b":           "facecraft process -- a.jpg -o b",
		"facecraft process - -o -":                  "facecraft process -o - -- -",
		"facecraft process a.jpg -o":                "facecraft process -o -- a.jpg",
		"facecraft process a.jpg --unknown b.jpg":   "facecraft process --unknown -- a.jpg b.jpg",
		"facecraft process a.jpg --timeout 5s -t x": "facecraft process --timeout 5s -t x -- a.jpg",
	} {
		if got := a.arrange(strings.Fields(line)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: got %s, want %s", line, strings.Join(got, " "), want)
		}
	}
}

// containerVariables are those that the images read or declare (the
// container's contract); a flag's source must not be one of them.
var containerVariables = []string{
	"FACECRAFT_DEVICE", "FACECRAFT_MODELS_DIR", "FACECRAFT_PREDICTOR_PATH", "FACECRAFT_CODEFORMER_PATH",
	"FACECRAFT_UPLOAD_DIR", "FACECRAFT_OUTPUT_DIR", "FACECRAFT_CLEANUP_AGE_HOURS", "FACECRAFT_CORS_ORIGINS",
	"FACECRAFT_HOST", "FACECRAFT_PORT", "FACECRAFT_WORKERS", "FACECRAFT_DEBUG", "FACECRAFT_LOG_LEVEL",
	"FACECRAFT_DEFAULT_WIDTH", "FACECRAFT_DEFAULT_HEIGHT", "FACECRAFT_DEFAULT_BACKGROUND_R",
	"FACECRAFT_DEFAULT_BACKGROUND_G",
	"FACECRAFT_DEFAULT_BACKGROUND_B", "FACECRAFT_DEFAULT_FACE_MARGIN", "FACECRAFT_DEFAULT_OVAL_MASK",
	"FACECRAFT_DEFAULT_ENHANCE_FIDELITY", "FACECRAFT_MAX_UPLOAD_SIZE_MB", "FACECRAFT_MAX_CONCURRENT_JOBS",
	"FACECRAFT_BATCH_MAX_FILES", "FACECRAFT_API_KEY",
}

// TestFlags holds every flag to what the README says of all flags.
func TestFlags(t *testing.T) {
	t.Parallel()
	flags := 0
	for _, command := range (&app{}).commandLine().Commands {
		for _, flag := range command.Flags {
			documented, ok := flag.(interface{ GetEnvVars() []string })
			if !ok {
				continue
			}
			flags++
			sources := documented.GetEnvVars()
			if len(sources) == 0 {
				t.Errorf("%s --%s has no environment source", command.Name, flag.Names()[0])
			}
			for _, source := range sources {
				if !strings.HasPrefix(source, "FACECRAFT_") || slices.Contains(containerVariables, source) {
					t.Errorf("%s --%s is set by %s", command.Name, flag.Names()[0], source)
				}
			}
		}
	}
	if flags < 10 {
		t.Errorf("saw only %d flags", flags)
	}
}

// TestHelpFits reads every help at 80 columns.
func TestHelpFits(t *testing.T) {
	t.Parallel()
	for _, command := range append((&app{}).commandLine().Commands, nil) {
		args := []string{"facecraft", "--help"}
		if command != nil {
			args = []string{"facecraft", command.Name, "--help"}
		}
		var out bytes.Buffer
		world := World{Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }, Version: "v1"}
		if code := Main(context.Background(), world, args); code != 0 {
			t.Errorf("%s: exit code %d", strings.Join(args, " "), code)
		}
		for line := range strings.Lines(out.String()) {
			if len([]rune(strings.TrimSuffix(line, "\n"))) > 80 {
				t.Errorf("%s: wider than 80 columns: %s", strings.Join(args, " "), line)
			}
		}
	}
}
