#!/usr/bin/env bash
# Installs what is missing to run, show and test Conserje on Debian 12: Debian packages, and .venv with the project in it.
# Asks nothing, starts no service, and takes no time when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

lists=(image/packages.txt tools/packages.txt)
stamp=.venv/.bootstrapped
want=$(sha256sum pyproject.toml "${lists[@]}" tools/bootstrap.sh | sha256sum | cut -d' ' -f1)
if [ -x .venv/bin/conserje ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
    exit 0
fi

lock=/run/lock
[ -w "$lock" ] || lock=/tmp
exec 9>"$lock/conserje-bootstrap.lock"
flock 9

# A development machine wants no unattended upgrades of its own accord.
mapfile -t packages < <(grep -hv '^#' "${lists[@]}" | grep -vx unattended-upgrades | sort -u)
mapfile -t missing < <(
    comm -23 <(printf '%s\n' "${packages[@]}") \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null | sed -n 's/^installed //p' | sort -u)
)
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "These Debian packages are missing, and only root can install them: ${missing[*]}" >&2
        exit 1
    fi
    echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
    # The engines run under our own supervisor: Debian's services must not start (policy-rc.d), now or at the next boot.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } </dev/null >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "apt could not install them; the lines above say why." >&2
        exit 1
    fi
    rm -f "$log"
    if [ -d /run/systemd/system ]; then
        for service in redis-server kamailio kea-dhcp4-server rtpengine-daemon postgresql haproxy; do
            case " ${missing[*]} " in *" $service "*) systemctl disable --quiet "$service" 2>/dev/null || true ;; esac
        done
    fi
fi

# Debian's own Python: Kamailio embeds it.
if [ ! -x .venv/bin/python ]; then
    echo "Making .venv"
    /usr/bin/python3 -m venv .venv
fi
echo "Installing Python packages into .venv"
log=$(mktemp)
if ! .venv/bin/python -m pip install --disable-pip-version-check --no-input -e '.[dev]' </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "pip could not install them; the lines above say why." >&2
    exit 1
fi
rm -f "$log"
echo "$want" >"$stamp"
