#!/bin/sh
# Runs a command with a Docker Engine 29 in place of the machine's Docker:
#
#     engine29.sh overlay2   COMMAND [ARGUMENT...]   images in the classic store
#     engine29.sh containerd COMMAND [ARGUMENT...]   images in containerd's store
#     engine29.sh --build                            only build its programs
#     engine29.sh --built                            whether they are built already
#
# Its programs are built from Go modules, whose versions scripts/engine29 pins,
# into ~/.cache/facecraft-engine29 (or $ENGINE29_CACHE) when they are missing. A cold
# build takes about 6 minutes on two cores and 220 MB, besides Go's own caches.
#
# This engine has separate directories and a separate network, so it affects
# neither the machine's Docker nor its firewall and bridges. It is removed with
# everything in it when the command ends. Requires root and the packages iproute2,
# iptables and tini, and for the build gcc, pkg-config and libseccomp-dev.
set -eu

runc_version=v1.4.3 # Debian's 1.1 lacks the time namespace that Engine 29 asks for
modules=$(cd "$(dirname "$0")" && pwd)/engine29
tools=${ENGINE29_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/facecraft-engine29}/$(
    { cat "$modules"/*/go.mod; echo "$runc_version"; } | sha256sum | cut -c 1-12)

main() {
    case "${1-}" in
    --build)
        build
        ;;
    --built)
        built
        ;;
    --inside) # the network that start makes
        shift
        inside "$@"
        ;;
    overlay2 | containerd)
        start "$@"
        ;;
    *)
        stop "'${1-}' is not an image store" "sh $0 overlay2 COMMAND, or sh $0 containerd COMMAND"
        ;;
    esac
}

# stop prints what is wrong and how to fix it.
stop() {
    printf 'engine29.sh: %s\n  fix: %s\n' "$1" "$2" >&2
    exit 3
}

built() {
    for program in dockerd docker-proxy containerd containerd-shim-runc-v2 runc; do
        [ -x "$tools/$program" ] || return 1
    done
}

# build builds the programs if any is missing. A program that exists is complete,
# because go install gives it its name only once it is built.
build() {
    ! built || return 0
    pkg-config --exists libseccomp 2>/dev/null ||
        stop "libseccomp is not installed" "apt-get install gcc pkg-config libseccomp-dev"
    echo "Building Docker Engine 29 into $tools; this takes several minutes." >&2
    mkdir -p "$tools"
    export GOBIN="$tools"
    (cd "$modules/moby" && CGO_ENABLED=0 go install -tags exclude_graphdriver_btrfs tool)
    (cd "$modules/containerd" && CGO_ENABLED=0 go install -tags "no_btrfs no_devmapper no_zfs no_cri" tool)
    (cd / && go install -tags seccomp "github.com/opencontainers/runc@$runc_version")
}

start() {
    [ "$(id -u)" = 0 ] || stop "root is required" "sudo sh $0 $*"
    for program in ip iptables unshare tini; do
        command -v $program >/dev/null ||
            stop "$program is not installed" "apt-get install iproute2 iptables util-linux tini"
    done
    build
    # unshare leaves /sys alone, where "ip netns exec" hides the cgroups.
    exec unshare --net sh "$0" --inside "$@"
}

inside() {
    store=$1
    shift
    dir=$(mktemp -d /tmp/fcXXXXXX) # a socket's path must be short
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    ip link set lo up
    mkdir "$dir/bin"
    ln -s "$(command -v tini-static || command -v tini)" "$dir/bin/docker-init"
    wrap_dockerd
    echo '{}' >"$dir/daemon.json" # the machine's own configuration is not for this one
    PATH=$dir/bin:$tools:$PATH
    export PATH
    dockerd --config-file "$dir/daemon.json" --data-root "$dir/data" --exec-root "$dir/exec" \
        --pidfile "$dir/pid" --host "unix://$dir/sock" >"$dir/log" 2>&1 &
    daemon=$!
    wait_until_it_answers
    DOCKER_HOST=unix://$dir/sock "$@"
}

# wrap_dockerd has the daemons that the command starts itself use the same store.
wrap_dockerd() {
    driver=
    [ "$store" = containerd ] || driver="--storage-driver $store"
    printf '#!/bin/sh\nexec "%s/dockerd" %s "$@"\n' "$tools" "$driver" >"$dir/bin/dockerd"
    chmod +x "$dir/bin/dockerd"
}

wait_until_it_answers() {
    tries=0
    until curl -fsS --unix-socket "$dir/sock" http://docker/_ping >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 300 ] || ! kill -0 "$daemon" 2>/dev/null; then
            cat "$dir/log" >&2
            stop "Docker Engine 29 did not start" "see the log above"
        fi
        sleep 0.1
    done
}

clean_up() {
    docker --host "unix://$dir/sock" ps --all --quiet 2>/dev/null |
        xargs -r docker --host "unix://$dir/sock" rm --force --volumes >/dev/null 2>&1 || true
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    # What it did not unmount itself, the innermost first.
    awk -v dir="$dir/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r |
        xargs -r umount -l 2>/dev/null || true
    rm -rf "$dir"
}

main "$@"
