#!/bin/sh
# Installs facecraft, one static program, for the current user.
#
#   curl -fsSL https://github.com/djok/facecraft/releases/latest/download/install.sh | sh
#
# Nothing is unpacked before its SHA-256 has been verified and, where ssh-keygen
# is installed, the signature of the checksums. Nothing is put in PREFIX/bin
# before it is complete and has run once. The script consists of functions, and
# only its last line calls main, so that a truncated download piped into sh does
# nothing.
#
# macOS does not run programs without a notarised signature that a browser has
# downloaded: browsers mark them with the attribute com.apple.quarantine. curl
# and tar do not, so nothing has to be removed here.
set -eu

# The public key of the signature of checksums.txt, as ssh-keygen writes it.
# scripts/release.sh fills it in.
release_key=''

usage() {
    cat <<'USAGE'
Usage: install.sh [--prefix DIR] [--version vX.Y.Z | --from-source]

  --prefix DIR       install DIR/bin/facecraft (default: ~/.local)
  --version vX.Y.Z   install this release (default: the latest)
  --from-source      build the checkout that contains this script; requires Go
  --help             show this text

Set FACECRAFT_RELEASES to use a mirror of
https://github.com/djok/facecraft/releases with the same layout.
sudo is neither used nor required.
USAGE
}

main() {
    prefix='' tag='' from_source=''
    parse "$@"
    bin=$prefix/bin
    target=$bin/facecraft
    check_target

    scratch='' staged='' client=''
    trap cleanup EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/facecraft-install.XXXXXX") ||
        die "cannot create a temporary directory" "${TMPDIR:-/tmp} is not writable" \
            "set TMPDIR to a directory you can write to"
    fresh=$scratch/facecraft

    if [ -n "$from_source" ]; then
        build
    else
        download
    fi
    place
    report
}

# --- arguments -------------------------------------------------------------

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix | --version)
                [ -n "${2-}" ] || usage_error "$1 needs a value"
                flag=$1 value=$2
                shift
                ;;
            --prefix=?* | --version=?*)
                flag=${1%%=*} value=${1#*=}
                ;;
            --from-source)
                flag=$1 value=yes
                ;;
            --help | -h)
                usage
                exit 0
                ;;
            *)
                usage_error "unknown argument: $1"
                ;;
        esac
        shift
        case $flag in
            --prefix) prefix=$value ;;
            --version) tag=$value ;;
            --from-source) from_source=$value ;;
        esac
    done

    # The tag becomes part of a URL.
    case $tag in
        *[!A-Za-z0-9.+-]*) usage_error "--version must be a tag such as v1.2.3, not $tag" ;;
        '' | v[0-9]*) ;;
        *) usage_error "--version must be a tag such as v1.2.3, not $tag" ;;
    esac
    if [ -n "$tag" ] && [ -n "$from_source" ]; then
        usage_error "--version and --from-source cannot be used together"
    fi

    [ -n "$prefix" ] || prefix=${HOME:+$HOME/.local}
    case $prefix in
        '') usage_error "HOME is not set: use --prefix DIR" ;;
        /*) ;;
        *) prefix=$PWD/$prefix ;;
    esac
    prefix=${prefix%/}
}

# check_target fails before the download if the target cannot be written.
check_target() {
    if [ -d "$target" ]; then
        die "cannot install $target" "a directory of that name exists" \
            "remove it, or choose a different location with --prefix DIR"
    fi
    nearest=$bin
    until [ -e "$nearest" ]; do
        nearest=$(dirname -- "$nearest")
    done
    if [ ! -d "$nearest" ] || [ ! -w "$nearest" ]; then
        die "cannot install into $bin" "$nearest is not a directory you can write to" \
            "choose a different location with --prefix DIR"
    fi
}

# --- a release -------------------------------------------------------------

download() {
    releases=${FACECRAFT_RELEASES:-https://github.com/djok/facecraft/releases}
    releases=${releases%/}
    # A mirror on a private network may lack a certificate; using one is opt-in.
    protocols='=https'
    [ -z "${FACECRAFT_RELEASES:-}" ] || protocols='=http,https'

    detect_platform
    archive=facecraft_$platform.tar.gz
    if [ -n "$tag" ]; then
        from=$releases/download/$tag
    else
        from=$releases/latest/download
    fi

    if ! have curl && ! have wget; then
        die "cannot download facecraft" "neither curl nor wget is installed" "install curl and run this again"
    fi
    if ! have sha256sum && ! have shasum && ! have openssl; then
        die "cannot verify the download, so nothing was downloaded" \
            "none of sha256sum, shasum and openssl is installed" \
            "install one of them and run this again"
    fi

    echo "Downloading $from/$archive"
    fetch checksums.txt
    check_signature
    expected=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1; exit }' "$scratch/checksums.txt")
    [ -n "$expected" ] ||
        die "cannot verify $archive, so it was not downloaded" \
            "$from/checksums.txt has no entry for it" \
            "choose a different release with --version"

    fetch "$archive"
    actual=$(sha256 "$scratch/$archive")
    [ "$actual" = "$expected" ] ||
        die "checksum mismatch for $archive; the download was deleted" \
            "its SHA-256 is $actual, but checksums.txt says $expected" \
            "run this again; if it happens again, do not trust $releases"

    why=$(tar -xzf "$scratch/$archive" -C "$scratch" facecraft 2>&1) ||
        die "cannot unpack $archive" "$why" "free some space or set TMPDIR, then run this again"
}

# check_signature refuses a checksums.txt that the holder of the release key has
# not signed, unless this is a copy of the script without a key.
check_signature() {
    [ -n "$release_key" ] || return 0
    if ! have ssh-keygen; then
        echo "Note: the signature is not checked, because ssh-keygen is not installed."
        return 0
    fi
    fetch checksums.txt.sig
    echo "facecraft $release_key" >"$scratch/signers"
    why=$(ssh-keygen -Y verify -f "$scratch/signers" -I facecraft -n facecraft-release \
        -s "$scratch/checksums.txt.sig" <"$scratch/checksums.txt" 2>&1) ||
        die "checksums.txt is not signed by the release key, so nothing was downloaded" \
            "$(printf '%s\n' "$why" | tail -n 1)" \
            "run this again; if it happens again, do not trust $releases"
}

# detect_platform sets platform as it appears in the names of release archives.
detect_platform() {
    system=$(uname -s)
    machine=$(uname -m)
    case $system in
        Linux) os=linux ;;
        Darwin) os=darwin ;;
        MINGW* | MSYS* | CYGWIN* | Windows*)
            die "this script does not support Windows" "uname reports $system" \
                "download facecraft_windows_amd64.zip from $releases and unpack facecraft.exe"
            ;;
        *)
            die "there is no release for $system" "releases are made for Linux, macOS and Windows" \
                "build it from a checkout with --from-source"
            ;;
    esac
    case $machine in
        x86_64 | amd64) arch=amd64 ;;
        aarch64 | arm64) arch=arm64 ;;
        *)
            die "there is no release for $machine processors" "releases are made for amd64 and arm64" \
                "use a 64-bit Intel, AMD or ARM machine"
            ;;
    esac
    # Under Rosetta, uname reports an Intel processor on Apple silicon.
    if [ "$os" = darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then
        arch=arm64
    fi
    platform=${os}_$arch
}

# fetch downloads one file of the release into the scratch directory. The client
# runs in the background because a shell only handles signals between commands.
# Only stalled transfers are given up; slow ones will finish.
fetch() {
    url=$from/$1
    if have curl; then
        cannot_write=23
        curl -fsSL --proto "$protocols" --connect-timeout 30 --speed-limit 1 --speed-time 60 \
            -o "$scratch/$1" "$url" 2>"$scratch/why" &
    else
        cannot_write=3
        wget -nv -t 2 -T 60 -o "$scratch/why" -O "$scratch/$1" "$url" &
    fi
    client=$! status=0
    wait "$client" || status=$?
    client=''
    [ "$status" != 0 ] || return 0

    why=$(sed '/^$/d' "$scratch/why" | tail -n 1)
    fix="check the connection, then run this again"
    case $status:$why in
        "$cannot_write":*)
            why=${why:-cannot write to $scratch} # not even the error message
            fix="free some space or set TMPDIR, then run this again"
            ;;
        *" 404" | *" 404 "* | *" 404:"*) fix="choose one of the releases at $releases with --version" ;;
    esac
    die "cannot download $url" "${why:-the download failed with status $status}" "$fix"
}

sha256() {
    if have sha256sum; then
        sha256sum <"$1"
    elif have shasum; then
        shasum -a 256 <"$1"
    else
        openssl dgst -sha256 -r <"$1"
    fi | cut -d ' ' -f 1
}

# --- a checkout ------------------------------------------------------------

build() {
    checkout=$(dirname -- "$0")
    if [ ! -f "$checkout/go.mod" ] || [ ! -d "$checkout/cmd/facecraft" ]; then
        die "cannot build from source" "$checkout is not a checkout of facecraft" \
            "run git clone https://github.com/djok/facecraft, then ./install.sh --from-source in it"
    fi
    have go || die "cannot build from source" "go is not on PATH" \
        "install Go from https://go.dev/dl, or omit --from-source to download a release"

    version=$(cd -- "$checkout" && git describe --tags --always --dirty 2>/dev/null) || version=dev
    echo "Building facecraft $version"
    # The version is passed explicitly so that Go does not call git, which refuses
    # a checkout owned by a different user.
    (cd -- "$checkout" && CGO_ENABLED=0 go build -tags nodynamic -trimpath -buildvcs=false \
        -ldflags "-s -w -X main.version=$version" -o "$fresh" ./cmd/facecraft) ||
        die "cannot build from source" "go build failed (see above)" "fix that and run this again"
}

# --- installing ------------------------------------------------------------

# place installs the new program atomically, or changes nothing.
place() {
    outcome="Installed"
    if [ -x "$target" ] && cmp -s "$fresh" "$target"; then
        outcome="Already up to date:"
        ask_version "$target"
        return
    fi
    why=$(mkdir -p -- "$bin" 2>&1) || cannot_install
    # A rename is only atomic within one file system, so use the same directory.
    staged=$(mktemp "$bin/.facecraft.XXXXXX" 2>"$scratch/why") || {
        why=$(cat "$scratch/why")
        cannot_install
    }
    why=$(cp -- "$fresh" "$staged" 2>&1) || cannot_install
    why=$(chmod 755 "$staged" 2>&1) || cannot_install
    ask_version "$staged"
    why=$(mv -f -- "$staged" "$target" 2>&1) || cannot_install
    staged=''
}

cannot_install() {
    die "cannot install $target; nothing was changed" "$why" \
        "free some space, or choose a different location with --prefix DIR"
}

ask_version() {
    version=$("$1" version 2>&1 </dev/null) ||
        die "facecraft does not run on this machine; nothing was changed" "$version" \
            "choose a different release with --version, or a --prefix that allows running programs"
    version=$(printf '%s\n' "$version" | head -n 1)
}

report() {
    echo "$outcome $target ($version)"
    case :$PATH: in
        *:"$bin":*)
            first=$(command -v facecraft) || first=$target
            [ "$first" = "$target" ] || echo "Note: $first comes first on PATH."
            ;;
        *)
            path_hint
            ;;
    esac
    echo
    echo "Next: facecraft up"
}

path_hint() {
    line="export PATH=$(quoted "$bin"):\"\$PATH\""
    where="to ~/.profile and log in again"
    case ${SHELL:-} in
        */bash)
            where="to ~/.bashrc and open a new terminal"
            # Terminal on macOS opens login shells, which do not read ~/.bashrc.
            [ "$(uname -s)" != Darwin ] || where="to ~/.bash_profile and open a new terminal"
            ;;
        */zsh)
            where="to ~/.zshrc and open a new terminal"
            ;;
        */fish)
            line="fish_add_path $(quoted "$bin")"
            where="to ~/.config/fish/config.fish and open a new terminal"
            ;;
    esac
    printf '\n%s is not on PATH. Add this line %s:\n\n    %s\n' "$bin" "$where" "$line"
}

# quoted quotes a word for the shell.
quoted() {
    case $1 in
        *[!A-Za-z0-9_./@%+=-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
        *) printf '%s' "$1" ;;
    esac
}

cleanup() {
    if [ -n "$client" ]; then
        kill "$client" || :
        wait "$client" || : # it may write until it has exited
    fi 2>/dev/null
    [ -z "$staged" ] || rm -f -- "$staged"
    [ -z "$scratch" ] || rm -rf -- "$scratch"
}

# --- errors ----------------------------------------------------------------

have() {
    command -v "$1" >/dev/null 2>&1
}

# die prints what happened, why, and how to fix it.
die() {
    printf 'install.sh: %s\n  cause: %s\n  fix: %s\n' "$1" "$2" "$3" >&2
    exit 1
}

usage_error() {
    printf 'install.sh: %s\n\n' "$1" >&2
    usage >&2
    exit 2
}

main "$@"
