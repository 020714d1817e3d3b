#!/bin/sh
# Makes sure that a Docker daemon is running, for "make demo" and "make test" on a
# fresh Debian or Ubuntu machine. A running daemon is left alone; no daemon is
# ever restarted or reconfigured. Exit code 3: Docker is not available, and why.
set -eu

socket=/var/run/docker.sock

main() {
    ! answers || exit 0

    if [ -n "${DOCKER_HOST:-}" ]; then
        stop "cannot reach Docker at DOCKER_HOST=$DOCKER_HOST, or no client is installed" \
            "correct DOCKER_HOST or unset it"
    fi
    if [ "$(uname -s)" != Linux ]; then
        stop "Docker is not running" "start Docker Desktop and try again"
    fi
    if ! can_be_root; then
        if [ -S $socket ] && [ ! -w $socket ]; then
            not_allowed
        fi
        stop "Docker is not running, and only root can install or start it" \
            "sudo sh scripts/ensure-docker.sh"
    fi

    install_missing
    if ! answers as_root; then
        start
        wait_until_it_answers
    fi
    answers || not_allowed
}

# answers [as_root] checks whether the daemon responds, with docker or curl.
answers() {
    if have docker; then
        "$@" timeout 5 docker version >/dev/null 2>&1
        return
    fi
    host=${DOCKER_HOST:-unix://$socket}
    case $host in
        unix://*) "$@" curl -fsS --max-time 5 --unix-socket "${host#unix://}" http://docker/_ping >/dev/null 2>&1 ;;
        *) return 1 ;; # TLS and SSH require the docker client
    esac
}

install_missing() {
    set --
    # It is in /usr/sbin, which is often only on root's PATH.
    as_root sh -c 'command -v dockerd' >/dev/null || set -- docker.io iptables ca-certificates
    have docker || have curl || set -- "$@" curl # for talking to the daemon
    [ $# -gt 0 ] || return 0

    have apt-get || stop "$* must be installed, but apt-get is not available" \
        "install Docker Engine: https://docs.docker.com/engine/install"
    say "installing $*"
    # A broken third-party source does not matter yet: the install will show.
    as_root apt-get update -q >&2 || say "apt-get update failed, trying to install anyway"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@" >&2 ||
        stop "apt-get could not install $* (see above)" "fix that and try again"
}

# start starts the daemon with whatever manages services here.
start() {
    say "starting the Docker daemon"
    if systemctl show-environment >/dev/null 2>&1; then
        evidence="journalctl -u docker"
        as_root systemctl start docker >&2 ||
            stop "systemd could not start Docker" "see the log: $evidence"
    elif as_root service docker start >&2; then
        evidence="tail /var/log/docker.log"
    else
        log=$(mktemp)
        evidence="tail $log"
        # In a separate session, so that Ctrl-C in make does not reach it. The
        # subshell redirects itself with exec: redirecting the function instead
        # would keep the old output open, and "make demo | tee log" would hang.
        (
            exec >"$log" 2>&1 </dev/null
            as_root setsid dockerd
        ) &
    fi
}

wait_until_it_answers() {
    tries=0
    until answers as_root; do
        tries=$((tries + 1))
        [ $tries -le 60 ] || stop "the Docker daemon was started but is not responding" \
            "see the log: $evidence"
        sleep 1
    done
    say "the Docker daemon is running"
}

not_allowed() {
    user=$(id -un)
    stop "the Docker daemon is running, but $user has no permission to use it" \
        "sudo usermod -aG docker $user, then log in again"
}

can_be_root() {
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

have() {
    command -v "$1" >/dev/null 2>&1
}

say() {
    printf 'ensure-docker: %s\n' "$*" >&2
}

# stop prints what is wrong and how to fix it.
stop() {
    printf 'ensure-docker: %s\n  fix: %s\n' "$1" "$2" >&2
    exit 3
}

main "$@"
