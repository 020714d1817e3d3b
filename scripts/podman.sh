#!/bin/sh
# Runs a command with Podman instead of Docker: podman.sh COMMAND [ARGUMENT...]
#
# This Podman has separate directories and a separate network, so it affects
# neither other Podmans nor the firewall and bridges of Docker. It is removed with
# everything in it when the command ends. Requires root and the packages podman,
# runc and catatonit; for the gateway, dnsname too.
set -eu

main() {
    if [ "$1" = --inside ]; then # in the network namespace created by the last line of main
        shift
        inside "$@"
        exit
    fi
    [ "$(id -u)" = 0 ] || stop "root is required" "sudo sh $0 $*"
    for program in podman runc catatonit; do
        command -v $program >/dev/null || stop "$program is not installed" "apt-get install $program"
    done
    exec unshare --net sh "$0" --inside "$@"
}

# stop prints what is wrong and how to fix it.
stop() {
    printf 'podman.sh: %s\n  fix: %s\n' "$1" "$2" >&2
    exit 3
}

inside() {
    dir=$(mktemp -d /tmp/fcXXXXXX) # socket paths must be short
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    ip link set lo up
    configure
    export CONTAINERS_CONF="$dir/containers.conf" CONTAINERS_REGISTRIES_CONF="$dir/registries.conf"
    # conmon leaves a file "oom" in the current directory.
    (cd "$dir" && exec podman --root "$dir/root" --runroot "$dir/run" \
        system service --time=0 "unix://$dir/sock") >"$dir/log" 2>&1 &
    service=$!
    wait_until_it_answers
    DOCKER_HOST=unix://$dir/sock "$@"
}

# configure chooses settings that work everywhere: runc supports hybrid cgroups,
# the limits need no capability, and file locks are not shared with other Podmans.
configure() {
    cat >"$dir/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "$dir/tmp"
[network]
network_config_dir = "$dir/networks"
CONF
    mkdir "$dir/networks"
    # The registries started by the tests: internal/dockertest has the ports.
    port=19900
    while [ $port -lt 20000 ]; do
        printf '[[registry]]\nlocation = "127.0.0.1:%s"\ninsecure = true\n' $port
        port=$((port + 1))
    done >"$dir/registries.conf"
}

wait_until_it_answers() {
    tries=0
    until curl -fsS --unix-socket "$dir/sock" http://podman/_ping >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 100 ]; then
            cat "$dir/log" >&2
            stop "Podman did not start" "see the log above"
        fi
        sleep 0.1
    done
}

clean_up() {
    podman --root "$dir/root" --runroot "$dir/run" rm --all --force --time 0 >/dev/null 2>&1 || true
    kill "$service" 2>/dev/null || true
    wait "$service" 2>/dev/null || true
    umount "$dir/root/overlay" 2>/dev/null || true
    rm -rf "$dir"
}

main "$@"
