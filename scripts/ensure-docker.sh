#!/bin/sh
# Makes sure that a Docker daemon answers, for "make demo" and "make test" on a
# fresh Debian or Ubuntu machine. A daemon that answers is left alone, and none
# is ever restarted or reconfigured. Exit 3: Docker cannot be had here, and why.
set -eu

socket=/var/run/docker.sock

main() {
    ! answers || exit 0

    if [ -n "${DOCKER_HOST:-}" ]; then
        stop "Docker does not answer at DOCKER_HOST=$DOCKER_HOST, or nothing here can ask it" \
            "correct DOCKER_HOST or unset it"
    fi
    if [ "$(uname -s)" != Linux ]; then
        stop "Docker does not answer" "start Docker Desktop and try again"
    fi
    if ! can_be_root; then
        if [ -S $socket ] && [ ! -w $socket ]; then
            not_allowed
        fi
        stop "Docker does not answer, and only root can install or start it" \
            "sudo sh scripts/ensure-docker.sh"
    fi

    install_missing
    if ! answers as_root; then
        start
        wait_until_it_answers
    fi
    answers || not_allowed
}

# answers [as_root] asks the daemon through whichever client is here.
answers() {
    if have docker; then
        "$@" timeout 5 docker version >/dev/null 2>&1
        return
    fi
    host=${DOCKER_HOST:-unix://$socket}
    case $host in
        unix://*) "$@" curl -fsS --max-time 5 --unix-socket "${host#unix://}" http://docker/_ping >/dev/null 2>&1 ;;
        *) return 1 ;; # TLS and SSH take the docker client
    esac
}

install_missing() {
    set --
    # Its folder, /usr/sbin, is often on root's PATH only.
    as_root sh -c 'command -v dockerd' >/dev/null || set -- docker.io iptables ca-certificates
    have docker || have curl || set -- "$@" curl # or else nobody can ask the daemon
    [ $# -gt 0 ] || return 0

    have apt-get || stop "these are missing, and there is no apt-get to install them: $*" \
        "install Docker Engine as https://docs.docker.com/engine/install says"
    say "installing $*"
    # A foreign source that does not answer is no reason to give up: install decides.
    as_root apt-get update -q >&2 || say "apt-get update failed, trying all the same"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@" >&2 ||
        stop "apt-get could not install $*, as it says above" "correct that and try again"
}

# start leaves the daemon to whatever looks after services here.
start() {
    say "starting the Docker daemon"
    if systemctl show-environment >/dev/null 2>&1; then
        evidence="journalctl -u docker"
        as_root systemctl start docker >&2 ||
            stop "systemd could not start Docker" "see why with: $evidence"
    elif as_root service docker start >&2; then
        evidence="tail /var/log/docker.log"
    else
        log=$(mktemp)
        evidence="tail $log"
        # In a session of its own, Ctrl-C in make does not reach it. The shell
        # that waits for it redirects itself by exec: for a function it would
        # keep copies of its output, and "make demo | tee log" would never end.
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
        [ $tries -le 60 ] || stop "the Docker daemon was started and does not answer" \
            "see why with: $evidence"
        sleep 1
    done
    say "the Docker daemon answers"
}

not_allowed() {
    user=$(id -un)
    stop "the Docker daemon is there, but $user may not use it" \
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

# stop says what is wrong and the one thing to do.
stop() {
    printf 'ensure-docker: %s\n  do this: %s\n' "$1" "$2" >&2
    exit 3
}

main "$@"
