package lint

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/lint/download"
	"github.com/djok/facecraft/internal/lint/screen"
)

// TestFound has further shapes of the pitfalls, beyond the examples: each with
// the places and IDs that are expected.
func TestFound(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"through a package that requires torch": {`
FROM python:3.11-slim
RUN python -m pip install --no-cache-dir facexlib==0.3.0
USER 1000
`, "Dockerfile:2:5 torch-cuda"},
		"the extra index with an open version": {`
FROM python:3.11-slim
RUN pip install --extra-index-url https://download.pytorch.org/whl/cpu 'torch>=2'
USER 1000
`, "Dockerfile:2:5 torch-cuda"},
		"-f does not read the index": {`
FROM python:3.11-slim
RUN pip install -f https://download.pytorch.org/whl/cpu torch==2.0.1
USER 1000
`, "Dockerfile:2:5 torch-cuda"},
		"in a here-document": {`
FROM python:3.11-slim
RUN <<EOF
set -e
pip install torch
EOF
USER 1000
`, "Dockerfile:4:1 torch-cuda"},
		"in a stage from which wheels are copied": {`
FROM python:3.11-slim AS wheels
RUN pip wheel -w /wheels torch
FROM python:3.11-slim
RUN --mount=type=bind,from=wheels,source=/wheels,target=/w pip install --no-index -f /w torch
USER 1000
`, "Dockerfile:2:5 torch-cuda"},
		"in a bind-mounted requirement file that includes another": {`
-- Dockerfile --
FROM python:3.11-slim
RUN --mount=type=bind,source=req,target=/req pip install -r /req/all.txt
USER 1000
-- req/all.txt --
-r torch.txt
-- req/torch.txt --
torch==2.0.1
`, "Dockerfile:2:46 torch-cuda"},
		"requirement files that include each other": {`
-- Dockerfile --
FROM python:3.11-slim
COPY a.txt b.txt ./
RUN pip install -r a.txt
USER 1000
-- a.txt --
-r b.txt
-- b.txt --
-r a.txt
torch
`, "Dockerfile:3:5 torch-cuda"},
		"after a change of directory": {`
-- docker/Dockerfile --
FROM python:3.11-slim
WORKDIR /srv
COPY api/requirements.txt api/
RUN cd api && pip install -r requirements.txt
USER 1000
-- api/requirements.txt --
torch
`, "docker/Dockerfile:4:15 torch-cuda"},
		"uv": {`
FROM python:3.11-slim
RUN uv pip install --system torch
USER 1000
`, "Dockerfile:2:5 torch-cuda"},
		"what a project requires": {`
-- Dockerfile --
FROM python:3.11-slim AS a
COPY . /src
RUN pip install /src[web]
FROM python:3.11-slim
WORKDIR /app
RUN --mount=type=bind,source=pyproject.toml,target=pyproject.toml uv sync
COPY --from=a /x /x
USER 1000
-- pyproject.toml --
[project]
dependencies = ["torch"]
`, "Dockerfile:3:5 torch-cuda\nDockerfile:6:67 torch-cuda"},
		"devel by an argument, through a stage": {`
ARG KIND=devel
FROM nvidia/cuda:12.1.0-${KIND}-ubuntu22.04 AS base
FROM base
USER 1000
`, "Dockerfile:2:1 cuda-devel"},
		"the landmarks as everyone copies them": {`
FROM debian:12-slim
RUN wget -q http://dlib.net/files/shape_predictor_68_face_landmarks.dat.bz2 \
    && bunzip2 shape_predictor_68_face_landmarks.dat.bz2 \
    && echo "d527a3620200929aa8ccdb06e7f3ce0a  shape_predictor_68_face_landmarks.dat" | md5sum -c -
USER 1000
`, "Dockerfile:2:5 fetch-http\nDockerfile:4:13 fetch-digest"},
		"ADD with a wrong checksum, and without one": {`
FROM debian:12-slim
ADD --checksum=sha256:0009e537e0c2a07d4cabce6355f53cb66767cd4b4297ec7a4a64ca4b8a5684b7 ` +
			`https://example.org/codeformer.pth /
ADD https://example.org/codeformer.pth /models/
USER 1000
`, "Dockerfile:2:1 fetch-digest\nDockerfile:3:1 fetch"},
		"a pipe, a semicolon, an or": {`
FROM python:3.11
RUN curl -L https://example.org/a.tgz | tar xz
RUN wget https://example.org/b.tgz; tar xzf b.tgz
RUN wget https://example.org/c.tgz || true
USER 1000
`, "Dockerfile:2:5 fetch\nDockerfile:2:5 fetch-status\nDockerfile:3:5 fetch\n" +
			"Dockerfile:3:5 fetch-status\nDockerfile:4:5 fetch\nDockerfile:4:5 fetch-status"},
		"libraries that download": {`
FROM python:3.11-slim
RUN python -c "from huggingface_hub import hf_hub_download; hf_hub_download('a/b', 'c.onnx')"
RUN huggingface-cli download a/b c.onnx
USER 1000
`, "Dockerfile:2:5 fetch\nDockerfile:3:5 fetch"},
		"a checksum that nothing waits for": {`
FROM debian:12-slim
RUN wget https://example.org/a.onnx; sha256sum -c a.sha256 || true
USER 1000
`, "Dockerfile:2:5 fetch\nDockerfile:2:5 fetch-status"},
		"certificates of anyone": {`
FROM debian:12-slim
RUN wget --no-check-certificate -O /a.onnx https://example.org/a && ` +
			`echo "0009e537e0c2a07d4cabce6355f53cb66767cd4b4297ec7a4a64ca4b8a5684b7  /a.onnx" | sha256sum -c
USER 1000
`, "Dockerfile:2:10 fetch-insecure"},
		"models after the sources": {`
-- Dockerfile --
FROM python:3.11-slim
COPY . .
RUN wget https://example.org/codeformer.pth && ` +
			`echo "1009e537e0c2a07d4cabce6355f53cb66767cd4b4297ec7a4a64ca4b8a5684b7  codeformer.pth" | sha256sum -c -
USER 1000
-- main.py --
`, "Dockerfile:2:1 cache-order"},
		"root by number, at the end": {`
FROM python:3.11-slim
USER app
RUN true
USER 0:0
`, "Dockerfile:4:1 root"},
		"chown of a name before useradd": {`
FROM debian:12-slim
RUN mkdir /x && chown app /x
RUN useradd app
USER app
`, "Dockerfile:2:17 useradd-order"},
		"chmod of all that was copied": {`
FROM debian:12-slim
WORKDIR /app
COPY bin bin/
RUN chmod -R 755 /app
USER 1000
`, "Dockerfile:4:5 chown-layer"},
		"files deleted in a later step": {`
FROM debian:12-slim
COPY a.deb /tmp/
RUN dpkg -i /tmp/a.deb && rm /tmp/a.deb
USER 1000
`, "Dockerfile:3:27 wheels-layer"},
		"rembg's extra is the GPU runtime": {`
FROM nvidia/cuda:12.1.0-base-ubuntu22.04
RUN pip install 'rembg[gpu]' Onnx_Runtime onnxruntime
USER 1000
`, "Dockerfile:2:5 ort-both"},
		"ONBUILD": {`
FROM python:3.11-slim AS base
ONBUILD RUN pip install torch
FROM base
USER 1000
`, "Dockerfile:2:13 torch-cuda"},
		"no health check, none, and a tool that is missing": {`
-- a/Dockerfile --
FROM python:3.11-slim
RUN pip install onnxruntime
EXPOSE 8000
USER 1000
-- b/Dockerfile --
FROM python:3.11-slim
RUN pip install onnxruntime
EXPOSE 8000
USER 1000
HEALTHCHECK NONE
-- c/Dockerfile --
FROM python:3.11-slim
RUN pip install onnxruntime
EXPOSE 8000
USER 1000
HEALTHCHECK --start-period=3m CMD ["curl", "-f", "http://localhost:8000/readiness"]
`, "a/Dockerfile:1:1 ready\nb/Dockerfile:5:1 ready\nc/Dockerfile:5:1 ready"},
		"a Compose file's own health check": {`
-- Dockerfile --
FROM python:3.11
RUN pip install onnxruntime
EXPOSE 8000
USER 1000
HEALTHCHECK CMD curl -f http://localhost:8000/health
-- compose.yml --
services:
  api:
    build: .
    healthcheck:
      test: curl -f http://localhost:8000/health || exit 1
      start_period: 1m
  other:
    image: nginx:1.27
    healthcheck: {test: [CMD, curl, "http://localhost/"]}
`, "compose.yml:5:13 ready\ncompose.yml:6:21 health-window"},
		"workers that a variable promises to change": {`
FROM python:3.11
RUN pip install onnxruntime
ENV FACECRAFT_WORKERS=1
USER 1000
CMD ["uvicorn", "app:app", "--workers", "1"]
HEALTHCHECK --start-period=3m CMD curl -f http://localhost:8000/readiness
`, "Dockerfile:5:1 workers"},
		"secrets by value": {`
-- Dockerfile --
FROM python:3.11-slim
ARG NAME=dckr_pat_abcdefghijklmnopqrstuvwxyzA
RUN git clone https://bob:s3cretpass99@example.org/x.git
USER 1000
-- compose.yml --
services:
  a:
    image: x/y:1
    environment:
      - X=ghp_abcdefghijklmnopqrstuvwxyz9876543219AB # what for
`, "Dockerfile:2:5 secret\nDockerfile:3:1 secret\ncompose.yml:5:7 secret"},
		"images without a tag": {`
-- Dockerfile --
FROM python:3.11-slim
COPY --from=busybox /bin/x /x
COPY --from=ghcr.io/astral-sh/uv:latest /uv /uv
USER 1000
-- docker-compose.yml --
services:
  a: {image: redis}
`, "Dockerfile:2:1 latest\nDockerfile:3:1 latest\ndocker-compose.yml:2:14 latest"},
		"a workflow that pushes latest and shows its password": {`
-- .github/workflows/a.yml --
on: push
jobs:
  a:
    environment: hub
    steps:
      - run: docker login -u me -p hunter2hunter2
      - run: |
          docker push ghcr.io/me/x:latest
      - uses: docker/build-push-action@v6
        with:
          push: true
          tags: |
            ghcr.io/me/x:1
            ghcr.io/me/x:latest
`, ".github/workflows/a.yml:6:7 workflow-password\n.github/workflows/a.yml:7:14 latest\n" +
			".github/workflows/a.yml:12:17 latest"},
		".env in a subdirectory's context": {`
-- api/Dockerfile --
FROM python:3.11-slim
COPY . /app
USER 1000
-- api/app.py --
-- api/.env --
-- compose.yml --
services:
  api:
    build: api
`, "api/Dockerfile:2:1 context"},
		"weights beside the sources": {`
-- Dockerfile --
FROM python:3.11-slim
COPY . /app
USER 1000
-- .dockerignore --
.env
-- models/a.pth --
`, ".dockerignore:1 context"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, files(strings.TrimPrefix(row.text, "\n")))
			var got []string
			for _, line := range strings.Split(show(r), "\n") {
				if words := strings.Fields(line); len(words) > 1 && words[0] != "?" {
					got = append(got, words[0]+" "+words[1])
				}
			}
			if text := strings.Join(got, "\n"); text != row.want {
				t.Errorf("found\n%s\nwant\n%s\n\n%s", text, row.want, show(r))
			}
		})
	}
}

// TestSecretsAreNotShown looks for a secret in everything that is written about it.
func TestSecretsAreNotShown(t *testing.T) {
	const value = "dckr_pat_abcdefghijklmnopqrstuvwxyzA"
	r := run(t, files("FROM python:3.11-slim\nENV TOKEN="+value+"\nRUN docker login -p "+value+
		"\nUSER 1000\n-- .github/workflows/a.yml --\njobs:\n  a:\n    steps:\n      - uses: docker/login-action@v3\n      "+
		"  with: {password: "+value+"}\n"))
	var out strings.Builder
	out.WriteString(r.Screen(80, func(_ screen.Style, text string) string { return text }))
	if err := r.SARIF(&out, nil, ""); err != nil {
		t.Fatal(err)
	}
	if err := r.JUnit(&out); err != nil {
		t.Fatal(err)
	}
	if len(failed(r)) != 2 || strings.Contains(out.String(), value[:14]) {
		t.Errorf("%q\n%s", failed(r), out.String())
	}
}

// TestKnownModels compares the checksums with those by which verify judges images.
func TestKnownModels(t *testing.T) {
	catalogue, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, v := range catalogue.Variants {
		for _, m := range v.Needs.Models {
			seen++
			if download.KnownModels[m.Name].SHA256 != m.SHA256 {
				t.Errorf("%s: %s, and in the catalogue %s", m.Name, download.KnownModels[m.Name].SHA256, m.SHA256)
			}
		}
	}
	if seen == 0 {
		t.Error("the catalogue has no models")
	}
}
