package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/golden"
)

// TestFixText compares the diffs of all kinds of fixes, and shows where there
// is none because it might not be safe.
func TestFixText(t *testing.T) {
	repositories := map[string]string{
		"torch alone": "FROM python:3.11-slim\nRUN pip install torch\nUSER 1000\n",
		"torch pinned": "FROM python:3.11-slim\nRUN python3 -m pip --no-cache-dir install \\\n    torch==2.0.1 " +
			"pillow\nUSER 1000\n",
		"torch open, not sure": "FROM python:3.11-slim\nRUN pip install 'torch>=2' pillow\nUSER 1000\n",
		"checksum": "FROM debian:12-slim\nWORKDIR /m\nRUN wget -q https://example.org/codeformer.pth -O /m/codeformer.pth " +
			"&& \\\n    ls\n" +
			"ADD https://example.org/u2net_human_seg.onnx /\nUSER 1000\n",
		"checksum after it is unpacked": "FROM debian:12-slim\nRUN wget " +
			"https://example.org/shape_predictor_68_face_landmarks.dat.bz2 \\\n" +
			" && bunzip2 shape_predictor_68_face_landmarks.dat.bz2\nUSER 1000\n",
		"checksum of an unknown file, not sure": "FROM debian:12-slim\nRUN wget https://example.org/x.onnx\nUSER " +
			"1000\n",
		"pipefail on Alpine": "FROM alpine:3.20\nRUN wget -qO- https://example.org/x.tgz | tar " +
			"xz\nUSER 1000\n",
		"pipefail with bash": "FROM debian:12-slim\nSHELL [\"/bin/bash\", \"-c\"]\nRUN apt-get " +
			"update && curl -f https://example.org/x.tgz | tar xz\nUSER 1000\n",
		"pipefail with a plain sh, not sure": "FROM debian:12-slim\nRUN curl -f https://example.org/x.tgz | tar " +
			"xz\nUSER 1000\n",
		"chown of one directory": "FROM debian:12-slim\nRUN useradd app\nCOPY src /app\nADD data " +
			"/app/data\nRUN mkdir -p /app/up/a && chown -R app:app /app\nUSER app\n",
		"chown before the user, not sure": "FROM debian:12-slim\nCOPY src /app\nRUN useradd app && chown -R " +
			"app:app /app\nUSER app\n",
		"chown of what something else makes, not sure": "FROM debian:12-slim\nRUN useradd app\nCOPY src /app\nRUN make -C " +
			"/app\nRUN chown -R app:app /app\nUSER app\n",
		"chown without a group, not sure": "FROM debian:12-slim\nRUN useradd app\nCOPY src /app\nRUN chown " +
			"-R app /app\nUSER app\n",
		"chown where the base has files, not sure": "FROM nginx:1.27\nCOPY site /usr/share/nginx/html\nRUN chown -R " +
			"nginx:nginx /usr/share/nginx/html\nUSER nginx\n",
		"user":           "FROM python:3.11-slim\nRUN useradd -m -u 1000 app\nCOPY a /a\nEXPOSE 80\nCMD [\"a\"]\n",
		"user, not sure": "FROM python:3.11-slim\nCOPY a /a\n",
		"start period": "FROM python:3.11\nRUN pip install onnxruntime\nEXPOSE 1\nUSER 1000\nHEALTHCHECK CMD curl -f " +
			"http://localhost:1/readiness\n",
		"ignore file": "FROM debian:12-slim\nCOPY . /a\nUSER 1000\n-- .git/HEAD --\n-- .dockerignore --\n*.md",
	}
	checks, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		repositories["example "+check.ID] = check.Before
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(repositories)) {
		root := files(repositories[name])
		changes, err := run(t, root).Changes(root)
		if err != nil {
			t.Fatal(err)
		}
		if len(changes) == 0 && strings.HasPrefix(name, "example") {
			continue
		}
		fmt.Fprintf(&b, "== %s\n", name)
		for _, change := range changes {
			b.WriteString(change.Diff())
		}
	}
	golden.Compare(t, "testdata/fixes.golden", b.String())
}
