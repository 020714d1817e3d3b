#!/bin/sh
# Builds the archives of a release and their checksums.txt:
#
#   VERSION=v1.2.3 scripts/release.sh [OUTDIR]      (default: dist)
#
# Requires Go and GNU tools. Builds are reproducible: with the same commit and
# tools, the archives are identical. Timestamps are SOURCE_DATE_EPOCH or the time
# of the commit. OUTDIR is only changed once everything has been built.
set -eu

out=${1:-dist}
mkdir -p -- "$out"
out=$(cd -- "$out" && pwd)
cd -- "$(dirname -- "$0")/.."

version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null)} || {
    echo "release.sh: cannot get the version from git; set it: VERSION=v1.2.3 $0" >&2
    exit 1
}
# Zip files cannot have timestamps before 1980 in local time.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}
export TZ=UTC

work=$(mktemp -d)
payload=internal/helper/payload
cleanup() {
    rm -rf -- "$work" "$payload/facecraft-linux.gz"
    rmdir -- "$payload" 2>/dev/null || : # kept if there is anything else in it
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
mkdir "$work/dist"

# zip may not be installed, but Go is.
cat >"$work/zip.go" <<'GO'
package main

import (
	"archive/zip"
	"log"
	"os"
)

func main() {
	w := zip.NewWriter(os.Stdout)
	if err := w.AddFS(os.DirFS(os.Args[1])); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
}
GO

# pack OS ARCH PROGRAM [FLAG…] builds one program and packs it with LICENSE and README.
pack() {
    name=facecraft_$1_$2
    folder=$work/$name
    program=$folder/$3
    goos=$1 goarch=$2
    shift 3
    echo "$name $version" >&2

    mkdir "$folder"
    cp LICENSE NOTICE README.md "$folder"
    GOOS=$goos GOARCH=$goarch CGO_ENABLED=0 go build -trimpath -buildvcs=false \
        -ldflags "-s -w -X main.version=$version" -o "$program" "$@" ./cmd/facecraft

    chmod 644 "$folder"/*
    chmod 755 "$program"
    touch -d "@$epoch" "$folder"/*
    if [ "$goos" = windows ]; then
        go run "$work/zip.go" "$folder" >"$work/dist/$name.zip"
    else
        tar -C "$folder" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
            -cf "$work/dist/$name.tar" facecraft LICENSE NOTICE README.md
        gzip -9n "$work/dist/$name.tar"
    fi
}

for arch in amd64 arm64; do
    pack linux $arch facecraft -tags nodynamic
    # Containers are always Linux, so the other builds include the Linux one.
    mkdir -p "$payload"
    gzip -9nc "$program" >"$payload/facecraft-linux.gz"
    pack darwin $arch facecraft -tags nodynamic,carryhelper
    pack windows $arch facecraft.exe -tags nodynamic,carryhelper
done

(cd "$work/dist" && sha256sum facecraft_* >checksums.txt)
mv -f "$work/dist"/* "$out"
echo "Wrote six archives and checksums.txt to $out" >&2
