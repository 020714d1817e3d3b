package matting

import (
	"crypto/sha256"
	"encoding/hex"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// astronautDigest is the SHA-256 of the astronaut's pixels without her
// background. It changes with the method, never with the processor.
const astronautDigest = "c1bb74dc760ea971548d3f1636cc80af1c2a611df29e42935af6d88eeef361a8"

func TestSameBytes(t *testing.T) {
	t.Parallel()
	out, _ := cutOut(t, readPNG(t, "../lite/testdata/astronaut.png"), astronautFace)
	digest := sha256.Sum256(out.Pix)
	if got := hex.EncodeToString(digest[:]); got != astronautDigest {
		t.Errorf("%s: digest %s, want %s", runtime.GOARCH, got, astronautDigest)
	}
}

// TestSameBytesElsewhere runs TestSameBytes on a processor that fuses products
// with sums. (Tried once and the same: ppc64le and s390x.)
func TestSameBytesElsewhere(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the tests anew, for another processor")
	}
	for arch, emulator := range map[string]string{"arm64": "qemu-aarch64"} {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(emulator); err != nil {
				t.Skipf("%s is not installed (Debian's qemu-user)", emulator)
			}
			binary := filepath.Join(t.TempDir(), "matting.test")
			build := exec.Command("go", "test", "-c", "-o", binary, ".")
			build.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0", "GOARCH="+arch)
			if output, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			if output, err := exec.Command(emulator, binary, "-test.run", "^TestSameBytes$").CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}

// TestMemory bounds all that is allocated for 12 megapixels, the result of 48
// MB included.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory, which the race detector multiplies")
	}
	picture, f := twelveMegapixels(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cutAll(t, picture, f)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 200_000_000 {
		t.Errorf("%d MB, want at most 200", got/1_000_000)
	} else {
		t.Logf("%d MB", got/1_000_000)
	}
}

func twelveMegapixels(t testing.TB) (*image.RGBA, Face) {
	t.Helper()
	her := part(readPNG(t, "../lite/testdata/astronaut.png"), image.Rect(0, 0, 512, 384))
	return scaled(her, astronautFace, 4000/512.0)
}
