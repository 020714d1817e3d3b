#!/bin/sh
# Runs a command with a Podman in place of Docker: podman.sh COMMAND [ARGUMENT...]
#
# That Podman has folders and a network of its own, so that it touches neither
# another Podman nor the firewall and the bridges of the machine's Docker. When
# the command ends it is gone, with all that it ran. It takes root, and the
# packages podman, runc and catatonit.
set -eu

main() {
    if [ "$1" = --inside ]; then # the network that the last line makes
        shift
        inside "$@"
        exit
    fi
    [ "$(id -u)" = 0 ] || stop "it takes root" "sudo sh $0 $*"
    for program in podman runc catatonit; do
        command -v $program >/dev/null || stop "$program is missing" "apt-get install $program"
    done
    exec unshare --net sh "$0" --inside "$@"
}

# stop says what is wrong and the one thing to do.
stop() {
    printf 'podman.sh: %s\n  do this: %s\n' "$1" "$2" >&2
    exit 3
}

inside() {
    dir=$(mktemp -d /tmp/fcXXXXXX) # a socket's path must be short
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    ip link set lo up
    configure
    export CONTAINERS_CONF="$dir/containers.conf" CONTAINERS_REGISTRIES_CONF="$dir/registries.conf"
    # From a folder of its own: conmon leaves a file "oom" where it is started.
    (cd "$dir" && exec podman --root "$dir/root" --runroot "$dir/run" system service --time=0 "unix://$dir/sock") >"$dir/log" 2>&1 &
    service=$!
    wait_until_it_answers
    DOCKER_HOST=unix://$dir/sock "$@"
}

# configure chooses what works on every machine: runc also with hybrid cgroups,
# limits that take no capability to raise, and locks in a file, where the default
# would be shared with other Podmans.
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
    # Those that the tests start: internal/dockertest has their ports.
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
            stop "Podman does not answer" "see why above"
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
