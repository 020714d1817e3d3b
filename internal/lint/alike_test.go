package lint

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/finding"
)

// alikes are sources that look like a pitfall and are not one. What is not known
// is reported as such, not as a finding.
var alikes = map[string]struct{ text, unknown string }{
	"multi-stage: what the builder is, nobody gets": {text: `
FROM nvidia/cuda:12.1.0-devel-ubuntu22.04 AS build
RUN make
FROM nvidia/cuda:12.1.0-runtime-ubuntu22.04
COPY --from=build /out /out
USER 1000
`},
	"a stage that nothing is copied from": {text: `
FROM python AS debug
RUN pip install torch && curl http://example.org/x -o x; true
FROM python:3.11-slim
USER 1000
`},
	"base without USER that may set one": {unknown: "root", text: `
FROM ghcr.io/someone/base:1.2
COPY app.py /
`},
	"USER in an earlier stage": {text: `
FROM python:3.11-slim AS base
RUN useradd app
USER app
FROM base
COPY app.py /
`},
	"a user from a build argument": {unknown: "root", text: `
FROM python:3.11-slim
ARG UID
USER $UID
`},
	"an entry point that drops root": {unknown: "root", text: `
FROM debian:12-slim
RUN apt-get update && apt-get install -y gosu
ENTRYPOINT ["/entry.sh"]
`},
	"arm64: its torch has no CUDA": {text: `
FROM --platform=linux/arm64 python:3.11-slim
RUN pip install torch==2.0.1
USER 1000
`},
	"platform from the build": {text: `
FROM --platform=$BUILDPLATFORM golang:1.23 AS build
RUN go build ./...
FROM --platform=$TARGETPLATFORM gcr.io/distroless/static:nonroot
COPY --from=build /bin/x /x
USER nonroot
`},
	"here-documents": {text: `
# syntax=docker/dockerfile:1
FROM python:3.11-slim
RUN <<EOF
set -e
pip install torch --index-url https://download.pytorch.org/whl/cpu
curl -fO https://example.org/codeformer.pth
echo "1009e537e0c2a07d4cabce6355f53cb66767cd4b4297ec7a4a64ca4b8a5684b7  codeformer.pth" | sha256sum -c -
EOF
COPY <<EOF /etc/motd
RUN pip install torch
EOF
USER 1000
`},
	"comments inside a continued line": {text: `
FROM python:3.11-slim
RUN pip install \
# torch would come with CUDA
    # curl -k http://example.org
    pillow \

    requests
USER 1000
`},
	"Windows line ends and a byte-order mark": {text: "\ufeffFROM python:3.11-slim\r\nRUN pip install \\\r\n    " +
		"--index-url https://download.pytorch.org/whl/cpu \\\r\n    torch\r\nUSER 1000\r\n"},
	"ARG before FROM": {text: `
ARG PYTHON=3.11-slim
ARG BASE=python:${PYTHON}
FROM ${BASE}
USER 1000
`},
	"build argument in a tag": {text: `
ARG TAG
FROM python:${TAG}-slim
USER 1000
`},
	"a tag that is not known": {text: `
ARG TAG
FROM python:$TAG
USER 1000
`},
	"a digest without a tag": {text: `
FROM python@sha256:fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f
USER 1000
`},
	"CUDA on purpose, on a slim base": {text: `
FROM python:3.11-slim
ENV NVIDIA_VISIBLE_DEVICES=all
RUN pip install torch
USER 1000
`},
	"CUDA on purpose, by its index": {text: `
FROM python:3.11-slim
RUN pip install torch==2.0.1+cu118 --index-url https://download.pytorch.org/whl/cu118
USER 1000
`},
	"the extra index with an exact version gets +cpu": {text: `
FROM python:3.11-slim
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
RUN pip install torch==2.0.1 facexlib
USER 1000
`},
	"torch is installed before what requires it": {text: `
FROM python:3.11-slim
RUN pip install torch==2.0.1 --index-url https://download.pytorch.org/whl/cpu
RUN pip install facexlib gfpgan
USER 1000
`},
	"torch for a Mac alone": {text: `
FROM python:3.11-slim
RUN pip install "torch; sys_platform == 'darwin'"
USER 1000
`},
	"requirements with their own index": {text: `
-- Dockerfile --
FROM python:3.11-slim
COPY requirements.txt base.txt ./
RUN pip install -r requirements.txt
USER 1000
-- requirements.txt --
-r base.txt
-- base.txt --
--extra-index-url https://download.pytorch.org/whl/cpu
torch==2.0.1
`},
	"pip.conf names the index": {text: `
-- Dockerfile --
FROM python:3.11-slim
COPY pip.conf /etc/pip.conf
RUN pip install torch
USER 1000
-- pip.conf --
[global]
index-url = https://download.pytorch.org/whl/cpu
`},
	"an index that nobody here knows": {unknown: "torch-cuda", text: `
FROM python:3.11-slim
RUN pip install --index-url https://pypi.example.org/simple torch
USER 1000
`},
	"a requirement file that is not here": {unknown: "torch-cuda", text: `
FROM python:3.11-slim
COPY requirements.txt .
RUN pip install -r requirements.txt
USER 1000
`},
	"uv with the CPU backend": {text: `
FROM python:3.11-slim
RUN uv pip install --system --torch-backend=cpu torch
USER 1000
`},
	"uv takes torch from the CPU index": {text: `
-- Dockerfile --
FROM python:3.11-slim
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-install-project
USER 1000
-- pyproject.toml --
[project]
dependencies = ["torch==2.3.0"]
[tool.uv.sources]
torch = { index = "pytorch-cpu" }
[[tool.uv.index]]
name = "pytorch-cpu"
url = "https://download.pytorch.org/whl/cpu"
-- uv.lock --
`},
	"wheels that another stage made": {text: `
FROM python:3.11-slim AS wheels
RUN pip wheel -w /wheels --extra-index-url https://download.pytorch.org/whl/cpu torch==2.0.1
FROM python:3.11-slim
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels pip install --no-index --find-links /wheels torch
USER 1000
`},
	"torch in words": {text: `
FROM python:3.11-slim
RUN echo "pip install torch" > /README && pip install torch-tb-profiler-stub
LABEL about="pip install torch; curl -k http://example.org"
USER 1000
`},
	"digests in ARG, files in variables": {text: `
FROM debian:12-slim
ARG MODEL_SHA256
ARG MODEL=model.onnx
RUN curl -fL -o "/models/$MODEL" https://example.org/model && echo "$MODEL_SHA256  /models/$MODEL" | sha256sum -c -
USER 1000
`},
	"a later RUN of the stage checks": {text: `
FROM debian:12-slim
RUN wget https://example.org/codeformer.pth
RUN echo "1009e537e0c2a07d4cabce6355f53cb66767cd4b4297ec7a4a64ca4b8a5684b7 *codeformer.pth" | sha256sum --check
USER 1000
`},
	"checked after it is unpacked and renamed": {text: `
FROM debian:12-slim
RUN curl -fsSL https://example.org/x.bz2 | bunzip2 > /m.tmp \
    && mv /m.tmp /m/shape_predictor_68_face_landmarks.dat \
    && printf '%s  %s\n' fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f ` +
		`/m/shape_predictor_68_face_landmarks.dat | sha256sum -c
USER 1000
`},
	"signatures, keys, commits and lists of checksums": {text: `
FROM debian:12-slim
RUN curl -fsSL https://example.org/key.asc | gpg --dearmor -o /etc/apt/keyrings/x.gpg
RUN curl -fsSLO https://nodejs.org/dist/v20/node.tar.xz && curl -fsSLO https://nodejs.org/dist/v20/SHASUMS256.txt.asc \
    && gpg --batch --decrypt --output SHASUMS256.txt SHASUMS256.txt.asc \
    && grep " node.tar.xz\$" SHASUMS256.txt | sha256sum -c -
RUN curl -fO https://raw.githubusercontent.com/x/y/0123456789abcdef0123456789abcdef01234567/z.sh
ADD https://github.com/x/y.git#0123456789abcdef0123456789abcdef01234567 /src
ADD --checksum=sha256:fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f https://example.org/a.dat /
USER 1000
`},
	"requests that are not downloads": {text: `
FROM python:3.11
RUN curl -f http://localhost:8000/health && curl -X POST -d a=b https://example.org/hook
RUN VERSION=$(curl -s https://example.org/version) && echo $VERSION && curl -sI https://example.org
RUN apt-get update && apt-get install -y curl wget
USER 1000
`},
	"failures that are not lost": {text: `
FROM debian:12-slim
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN curl -f https://example.org/a.tar.gz | tee a.tar.gz | sha256sum > sum; \
    echo "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f  a.tar.gz" | sha256sum -c -
RUN wget https://example.org/b.tar.gz || { echo no; exit 1; }; ` +
		`echo "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f  b.tar.gz" | sha256sum -c -
USER 1000
`},
	"a separate package needs the sources": {text: `
-- Dockerfile --
FROM python:3.11-slim
COPY . /src
RUN pip install /src
USER 1000
-- app.py --
x = 1
`},
	"a directory of requirement files is copied first": {text: `
-- Dockerfile --
FROM python:3.11-slim
COPY requirements/ /req/
RUN pip install -r /req/base.txt
COPY src /app
USER 1000
-- requirements/base.txt --
pillow
-- src/app.py --
x = 1
`},
	"chown of what only the RUN makes": {text: `
FROM python:3.11-slim
COPY app.py /app/
RUN useradd app && mkdir -p /app/uploads /data && chown -R app /data /app/uploads && chmod +x /app/app.py
USER app
`},
	"rm of what was not copied": {text: `
FROM debian:12-slim
COPY app /app
RUN apt-get update && rm -rf /var/lib/apt/lists/* /tmp/*
USER 1000
`},
	"the user exists in the base": {text: `
FROM nginx:1.27
COPY --chown=nginx:nginx site /site
RUN chown nginx /var/run
USER nginx
`},
	"both runtimes, for different machines": {text: `
FROM python:3.11-slim
RUN pip install "onnxruntime; sys_platform == 'darwin'" "onnxruntime-gpu; sys_platform == 'linux'"
USER 1000
`},
	"both runtimes, one after the other": {text: `
FROM python:3.11-slim
RUN pip install onnxruntime && pip uninstall -y onnxruntime && pip install onnxruntime-gpu
USER 1000
`},
	"dlib as a binary, and with a BLAS": {text: `
FROM python:3.11-slim
RUN pip install dlib-bin https://example.org/dlib-19.24.6-cp311-cp311-linux_x86_64.whl
RUN apk add openblas-dev && pip install dlib
USER 1000
`},
	"names that sound like secrets": {text: `
FROM python:3.11-slim
ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D
ARG TOKENIZERS_PARALLELISM=false
ARG HF_TOKEN
ENV API_KEY_FILE=/run/secrets/api_key PASSWORD=changeme SECRET_KEY=${SECRET_KEY}
ARG MODEL_SHA256=fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f
USER 1000
`},
	"a service without models needs no long start": {text: `
FROM nginx:1.27
EXPOSE 80
USER nginx
`},
	"the Compose file has the health check": {text: `
-- Dockerfile --
FROM python:3.11-slim
RUN pip install onnxruntime
EXPOSE 8000
USER 1000
-- compose.yml --
services:
  api:
    build: .
    restart: always
    healthcheck: {test: [CMD, /ready], start_period: 3m}
`},
	"a static build": {text: `
FROM golang:1.23 AS build
RUN go build -o /x
FROM scratch
COPY --from=build /x /
`},
	"anchors, env_file and images that nobody here knows": {unknown: "compose-readiness", text: `
-- compose.yml --
x-common: &common
  restart: unless-stopped
  env_file: .env
services:
  db:
    <<: *common
    image: postgres:16
    environment:
      POSTGRES_PASSWORD_FILE: /run/secrets/db # a file
`},
	"YAML that is no Compose file": {text: `
-- chart/values.yaml --
services:
  - name: latest
    image: x:latest
-- k8s.yml --
kind: Service
`},
	"GITHUB_TOKEN, reusable workflows and OIDC": {text: `
-- .github/workflows/a.yml --
on: push
jobs:
  publish:
    permissions: {packages: write, id-token: write}
    steps:
      - uses: docker/login-action@v3
        with: {registry: ghcr.io, username: x, password: "${{ secrets.GITHUB_TOKEN }}"}
      - uses: docker/build-push-action@v6
        with: {push: true, tags: "ghcr.io/x/y:1"}
  call:
    uses: ./.github/workflows/b.yml
    secrets: inherit
  test:
    steps:
      - run: pytest
        env: {KEY: "${{ secrets.TEST_KEY }}"}
`},
	"a README of others' images and of what never to do": {text: `
-- README.md --
The image has 4 GB.

Never do this:

    docker pull djok/facecraft

~~~sh
docker run --rm redis
docker run --rm djok/facecraft:cpu whoami
docker run --network host djok/facecraft:cpu
# instead of
docker run djok/facecraft
curl -F file=@a.jpg http://localhost:8000
~~~
`},
	"PowerShell and Windows": {text: `
# escape=` + "`" + `
FROM mcr.microsoft.com/windows/servercore:ltsc2022
RUN curl.exe -k http://example.org/x.zip ` + "`" + `
    -o x.zip
USER ContainerUser
`},
	"conda brings its own torch": {text: `
FROM continuumio/miniconda3:24.1.2-0
RUN conda install -y pytorch cpuonly -c pytorch
USER 1000
`},
	"templates are no Dockerfiles": {text: `
-- Dockerfile.j2 --
FROM {{ base }}
-- docs/Dockerfile.md --
# About
`},
	"imports that nothing hides": {text: `
-- .gitignore --
models/
build/
*.pth
-- src/app/main.py --
from models import x
import torch.models
from app import build_info
from .utils import build
-- src/app/utils.py --
`},
}

func TestLookAlikes(t *testing.T) {
	for name, row := range alikes {
		t.Run(name, func(t *testing.T) {
			r := run(t, files(strings.TrimPrefix(row.text, "\n")))
			unknown := map[string]bool{}
			for _, f := range r.Findings {
				switch {
				case f.Status == finding.Fail:
					t.Errorf("found:\n%s", show(r))
				case f.Status == finding.Unknown:
					unknown[f.ID] = true
				}
			}
			if row.unknown != "" && !unknown[row.unknown] {
				t.Errorf("%s is not unknown:\n%s", row.unknown, show(r))
			}
		})
	}
}
