#!/bin/sh
# Builds everything a release consists of: archives, Linux packages, manifests
# for package managers, install.sh, checksums.txt and its signature.
#
#   VERSION=v1.2.3 SIGNING_KEY=FILE scripts/release.sh [OUTDIR]    (default: dist)
#
# SIGNING_KEY is an SSH key; its public half goes into the programs and into
# install.sh, which then only trust what it signed. Without it, nothing is signed.
#
# ARCHES is "amd64 arm64", or one of them.
#
# Requires Go, GNU tools and, for signing, ssh-keygen. Builds are reproducible:
# with the same commit, tools and key, the files are identical. Timestamps are
# SOURCE_DATE_EPOCH or the time of the commit. OUTDIR is only changed once
# everything has been built.
set -eu

nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
sbom=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

out=${1:-dist}
mkdir -p -- "$out"
out=$(cd -- "$out" && pwd)
cd -- "$(dirname -- "$0")/.."

version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null)} || {
    echo "release.sh: cannot get the version from git; set it: VERSION=v1.2.3 $0" >&2
    exit 1
}
# Package managers want a number.
case $version in
    v[0-9]*) number=${version#v} ;;
    *) number=0.0.0-$version ;;
esac
# Zip files cannot have timestamps before 1980 in local time.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}
export TZ=UTC LC_ALL=C
umask 022

key=
if [ -n "${SIGNING_KEY:-}" ]; then
    key=$(cut -d ' ' -f 1,2 <"$SIGNING_KEY.pub")
else
    echo "SIGNING_KEY is not set: nothing will be signed" >&2
fi

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
mkdir "$work/dist" "$work/shared"
dist=$work/dist
go build -o "$work/release" ./scripts/release
GOBIN=$work go install -trimpath "$nfpm"
GOBIN=$work go install -trimpath "$sbom"

# same_time gives all files of a folder the time of the release.
same_time() {
    find "$1" -exec touch -h -d "@$epoch" {} +
}

# What every archive and package contains.
mkdir "$work/shared/completions" "$work/shared/man"
cp LICENSE README.md "$work/shared"
for shell in bash fish zsh powershell; do
    cp "internal/completion/scripts/facecraft.$shell" "$work/shared/completions"
done
mv "$work/shared/completions/facecraft.zsh" "$work/shared/completions/_facecraft"
mv "$work/shared/completions/facecraft.powershell" "$work/shared/completions/facecraft.ps1"
cp docs/man/*.1 "$work/shared/man"
{
    echo "Go $(go env GOVERSION) $(go env GOROOT)"
    echo "pigo cascades $PWD/internal/lite/pigo"
    echo "libheif libde265 $PWD/scripts/release/licences/libheif"
    echo "libavif libaom $(go list -m -f '{{.Dir}}' github.com/gen2brain/avif)/lib"
    for goos in linux darwin windows; do
        GOOS=$goos CGO_ENABLED=0 go list -deps -tags nodynamic \
            -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/facecraft
    done
} >"$work/modules"
{
    cat NOTICE
    "$work/release" notice "$work/modules"
} >"$work/shared/NOTICE"

# program OS ARCH FILE [FLAG…] builds one program.
program() {
    goos=$1 goarch=$2 file=$3
    shift 3
    echo "facecraft_${goos}_$goarch $version" >&2
    GOOS=$goos GOARCH=$goarch CGO_ENABLED=0 go build -trimpath -buildvcs=false \
        -ldflags "-s -w -X main.version=$version -X 'main.releaseKey=$key'" -o "$file" "$@" ./cmd/facecraft
}

# pack OS ARCH PROGRAM [FLAG…] makes an archive.
pack() {
    name=facecraft_$1_$2
    folder=$work/$name
    cp -R "$work/shared" "$folder"
    case $1 in
        windows) rm -r "$folder/man" ;;
    esac
    os=$1 arch=$2 executable=$folder/$3
    shift 3
    program "$os" "$arch" "$executable" "$@"
    "$work/cyclonedx-gomod" bin -json -noserial -notimestamp -std -version "$version" \
        -output "$folder/facecraft.cdx.json" "$executable"
    find "$folder" -type f -exec chmod 644 {} +
    chmod 755 "$executable"
    same_time "$folder"
    if [ "$os" = windows ]; then
        "$work/release" zip "$folder" >"$dist/$name.zip"
    else
        (cd "$folder" && tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
            -cf "$dist/$name.tar" -- *)
        gzip -9n "$dist/$name.tar"
    fi
}

# packages ARCH makes the Linux packages of what pack has packed.
packages() {
    folder=$work/facecraft_linux_$1 root=$work/root_$1
    mkdir -p "$root/usr/bin" "$root/usr/share/man/man1"
    cp "$folder/facecraft" "$root/usr/bin"
    cp -R "$folder/completions" "$folder/facecraft.cdx.json" "$root"
    cp "$folder/man"/*.1 "$root/usr/share/man/man1"
    gzip -9n "$root/usr/share/man/man1"/*.1
    cp internal/shortcut/io.facecraft.Studio.desktop "$root"
    cp internal/pagestyle/icon.svg "$root/io.facecraft.Studio.svg"
    cat LICENSE "$folder/NOTICE" >"$root/copyright"
    cp scripts/release/templates/lintian "$root"
    {
        printf 'facecraft (%s) unstable; urgency=medium\n\n  * Release %s.\n\n' "$number" "$version"
        printf ' -- facecraft <facecraft@users.noreply.github.com>  %s\n' "$(date -R -d "@$epoch")"
    } | gzip -9n >"$root/changelog.gz"
    same_time "$root"
    for format in deb rpm apk archlinux; do
        case $format in
            archlinux) file=facecraft_linux_$1.pkg.tar.zst ;;
            *) file=facecraft_linux_$1.$format ;;
        esac
        "$work/release" render scripts/release/templates/nfpm.yaml "$root/$format.yaml" /dev/null \
            arch="$1" version="$number" format="$format" root="$root" time="$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)"
        SOURCE_DATE_EPOCH=$epoch "$work/nfpm" package -f "$root/$format.yaml" -p "$format" -t "$dist/$file" >&2
    done
}

for arch in ${ARCHES:-amd64 arm64}; do
    pack linux "$arch" facecraft -tags nodynamic
    packages "$arch"
    # Containers are always Linux, so the other builds include the Linux one.
    mkdir -p "$payload"
    gzip -9nc "$work/facecraft_linux_$arch/facecraft" >"$payload/facecraft-linux.gz"
    pack darwin "$arch" facecraft -tags nodynamic,carryhelper
    pack windows "$arch" facecraft.exe -tags nodynamic,carryhelper
done

echo "$version" >"$dist/version.txt"
sed "s|^release_key=''\$|release_key='$key'|" install.sh >"$dist/install.sh"
(cd "$dist" && sha256sum -- * >"$work/checksums.txt" && mv "$work/checksums.txt" .)
if [ -n "$key" ]; then
    grep -q "^release_key='$key'\$" "$dist/install.sh" || {
        echo "release.sh: install.sh has another release_key than SIGNING_KEY's" >&2
        exit 1
    }
    ssh-keygen -q -Y sign -f "$SIGNING_KEY" -n facecraft-release "$dist/checksums.txt"
fi

# render TEMPLATE FILE fills in a manifest.
render() {
    "$work/release" render "scripts/release/templates/$1" "$dist/manifests/$2" "$dist/checksums.txt" \
        version="$number" base="https://github.com/djok/facecraft/releases/download/$version"
}
if [ -z "${ARCHES:-}" ]; then # they name all archives
    render facecraft.rb homebrew/facecraft.rb
    render scoop.json scoop/facecraft.json
    for manifest in djok.facecraft djok.facecraft.installer djok.facecraft.locale.en-US; do
        render winget/$manifest.yaml winget/$manifest.yaml
    done
    render aur/PKGBUILD aur/PKGBUILD
    render aur/SRCINFO aur/.SRCINFO
    render package.nix nix/package.nix
fi

rm -rf -- "$out/manifests"
mv -f "$dist"/* "$out"
echo "Wrote the release to $out" >&2
