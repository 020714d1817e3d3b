#!/bin/sh
# Runs a command that tests images of Debian: debian.sh COMMAND [ARGUMENT...]
#
# FACECRAFT_DEBIAN names a directory with the files of a minimal Debian that has
# python3-torch, a real torch for CPUs, and libdlib-data, the real model of the
# landmarks. It has 2 GB, takes about 3 minutes on two cores, and is removed when
# the command ends. If the variable is set already, that directory is used and
# kept. Requires root and the package debootstrap; MIRROR is where Debian is.
set -eu

# stop prints what is wrong and how to fix it.
stop() {
    printf 'debian.sh: %s\n  fix: %s\n' "$1" "$2" >&2
    exit 3
}

if [ -z "${FACECRAFT_DEBIAN-}" ]; then
    [ "$(id -u)" = 0 ] || stop "root is required" "sudo sh $0 $*"
    command -v debootstrap >/dev/null || stop "debootstrap is not installed" "apt-get install debootstrap"
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    trap 'exit 130' INT TERM
    export FACECRAFT_DEBIAN="$dir/root"
    debootstrap --variant=minbase --include=python3-torch,libdlib-data \
        bookworm "$FACECRAFT_DEBIAN" "${MIRROR:-http://deb.debian.org/debian}" >"$dir/log" 2>&1 || {
        tail "$dir/log" >&2
        stop "debootstrap failed" "see its last lines above"
    }
    rm -rf "$FACECRAFT_DEBIAN"/var/cache/apt/archives/*.deb
fi
"$@"
