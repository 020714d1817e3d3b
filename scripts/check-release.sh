#!/bin/sh
# Checks what scripts/release.sh makes of the last commit: it is built twice, in
# two folders and at two times, and must be the same; no changed byte is accepted;
# the Debian package is installed, used and removed; the others are unpacked.
#
#   [ARCHES=amd64] scripts/check-release.sh
#
# Runs on Debian, as root, with Go, lintian, rpm and bsdtar.
set -eu

cd -- "$(dirname -- "$0")/.."
work=$(mktemp -d)
chmod 755 "$work" # apt reads the package as another user
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "check-release.sh: $*" >&2
    exit 1
}

ssh-keygen -q -t ed25519 -N '' -C test -f "$work/key"
for folder in "$work/one" "$work/another/place"; do
    git clone -q . "$folder"
    VERSION=v0.0.9 SIGNING_KEY=$work/key sh "$folder/scripts/release.sh" "$folder/dist"
done
dist=$work/another/place/dist
diff -r "$work/one/dist" "$dist" || fail "two builds of the same commit differ"
echo "built twice: equal"

# limit BYTES FILE…
limit() {
    most=$1
    shift
    for file in "$@"; do
        size=$(stat -c %s "$file")
        [ "$size" -le "$most" ] || fail "${file##*/} has $size bytes, more than $most"
        echo "${file##*/} $size bytes"
    done
}
limit 16000000 "$dist"/facecraft_linux_*
limit 30000000 "$dist"/facecraft_darwin_* "$dist"/facecraft_windows_*

FACECRAFT_DIST=$dist go test -count 1 -run 'TestReleased|TestMacPrograms' ./scripts
echo "a changed byte is refused"

for file in bin/facecraft share/man/man1/facecraft-process.1.gz share/bash-completion/completions/facecraft \
    share/zsh/site-functions/_facecraft share/fish/vendor_completions.d/facecraft.fish share/doc/facecraft/copyright \
    share/applications/io.facecraft.Studio.desktop share/icons/hicolor/scalable/apps/io.facecraft.Studio.svg; do
    rpm -qlp "$dist/facecraft_linux_amd64.rpm" | grep -qx "/usr/$file" || fail "the rpm lacks $file"
    for package in "$dist/facecraft_linux_amd64.apk" "$dist/facecraft_linux_amd64.pkg.tar.zst"; do
        bsdtar -tf "$package" | grep -qx "usr/$file" || fail "${package##*/} lacks $file"
    done
done
for package in "$dist"/*.rpm; do
    rpm -K --nosignature "$package" >/dev/null || fail "${package##*/} is damaged"
done
for archive in "$dist"/*.tar.gz "$dist"/*.zip; do
    for file in LICENSE NOTICE README.md facecraft.cdx.json completions/facecraft.bash; do
        bsdtar -tf "$archive" | grep -qx "$file" || fail "${archive##*/} lacks $file"
    done
done

lintian --allow-root --fail-on warning "$dist"/*.deb || fail "lintian complains"

if dpkg -s facecraft >/dev/null 2>&1; then
    fail "facecraft is already installed"
fi
apt-get install -y -qq --no-install-recommends "$dist/facecraft_linux_amd64.deb" >/dev/null
for line in 'facecraft --version' 'facecraft version'; do
    (cd / && PATH=/usr/bin:/bin $line | grep -q '^facecraft v0.0.9 ') || fail "$line does not say v0.0.9"
done
# shellcheck disable=SC2016 # for the other bash
candidates=$(cd / && PATH=/usr/bin:/bin bash -c '. /usr/share/bash-completion/completions/facecraft
    COMP_LINE="facecraft up --ta" COMP_POINT=17 COMP_WORDS=(facecraft up --ta) COMP_CWORD=2
    _facecraft facecraft; echo "${COMPREPLY[@]}"')
apt-get remove -y -qq --purge facecraft >/dev/null
[ "$candidates" = --tag ] || fail "bash completes --ta to: $candidates"
[ ! -e /usr/bin/facecraft ] || fail "the package was removed, but not the program"
echo "installed, used and removed"
