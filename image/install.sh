#!/bin/sh
# Installs Conserje's appliance on Debian 12: from the image builder, from the Vagrantfile, or by hand on a bare machine.
#
#   image/install.sh [--no-start] [--wheels DIR]
#
# --no-start   install and enable, start nothing (the image builder's chroot)
# --wheels DIR take Python packages from DIR instead of the network
# Safe to run again: it brings the machine to the same state, and leaves settings and state alone.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
prefix=/opt/conserje
start=yes
wheels=
while [ $# -gt 0 ]; do
    case "$1" in
    --no-start) start=no ;;
    --wheels) wheels=$2; shift ;;
    *) echo "install.sh: unknown option $1 (see its first lines)" >&2; exit 2 ;;
    esac
    shift
done

[ "$(id -u)" = 0 ] || { echo "install.sh: run it as root." >&2; exit 1; }
. /etc/os-release
if [ "${ID:-}" != debian ] || [ "${VERSION_ID:-}" != 12 ]; then
    echo "install.sh: this is ${PRETTY_NAME:-unknown}; the appliance is built for Debian 12." >&2
    exit 1
fi

say() { printf 'install: %s\n' "$1"; }

say "Debian packages"
export DEBIAN_FRONTEND=noninteractive
wanted=$(grep -v '^#' "$here/image/packages.txt")
missing=
for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    # Debian starts daemons on installation; ours are started by our own units.
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    apt-get install -q -y --no-install-recommends $missing
    rm -f /usr/sbin/policy-rc.d
    trap - EXIT
fi

say "user and folders"
id conserje >/dev/null 2>&1 || useradd --system --home-dir /var/lib/conserje --shell /usr/sbin/nologin conserje
install -d -m 0755 "$prefix" "$prefix/templates" /etc/conserje
install -d -m 0750 -o conserje -g conserje /var/lib/conserje /var/log/conserje

say "Python environment"
[ -x "$prefix/venv/bin/python" ] || /usr/bin/python3 -m venv "$prefix/venv"
if [ -n "$wheels" ]; then
    "$prefix/venv/bin/pip" install -q --no-index --find-links "$wheels" --force-reinstall --no-deps conserje
    "$prefix/venv/bin/pip" install -q --no-index --find-links "$wheels" conserje
else
    "$prefix/venv/bin/pip" install -q --upgrade "$here"
fi
rm -rf "$prefix/templates/phones.new"
cp -r "$here/templates/phones" "$prefix/templates/phones.new"
rm -rf "$prefix/templates/phones"
mv "$prefix/templates/phones.new" "$prefix/templates/phones"
install -d "$prefix/bin"
install -m 0755 "$here/image/files/conserje-first-boot" "$here/image/files/conserje-first-user" "$prefix/bin/"
cat > /usr/local/bin/conserje <<'SH'
#!/bin/sh
exec /opt/conserje/venv/bin/conserje "$@"
SH
chmod 755 /usr/local/bin/conserje

say "systemd units"
for unit in kamailio rtpengine-daemon ngcp-rtpengine-daemon redis-server kea-dhcp4-server haproxy; do
    systemctl disable -q "$unit" 2>/dev/null || true
    systemctl mask -q "$unit" 2>/dev/null || true
done
CONSERJE_PATHS__TEMPLATES_DIR="\"$prefix/templates/phones\"" "$prefix/venv/bin/conserje" units --dir /etc/systemd/system
# Debian's AppArmor profiles know Kea only under its own folders; our unit's sandbox stands in their place.
for profile in usr.sbin.kea-dhcp4 usr.sbin.kea-lfc; do
    if [ -e "/etc/apparmor.d/$profile" ]; then
        install -d /etc/apparmor.d/disable
        ln -sf "/etc/apparmor.d/$profile" "/etc/apparmor.d/disable/$profile"
        ! command -v apparmor_parser >/dev/null || apparmor_parser -R "/etc/apparmor.d/$profile" 2>/dev/null || true
    fi
done
install -m 0644 "$here/image/files/conserje-first-boot.service" "$here/image/files/conserje-first-user.service" \
    /etc/systemd/system/
install -m 0644 "$here/image/files/sysctl.conf" /etc/sysctl.d/60-conserje.conf
systemctl enable -q conserje-first-boot.service conserje-first-user.service conserje.target

if [ "$start" = yes ]; then
    say "start"
    systemctl daemon-reload
    systemctl start conserje-first-boot.service conserje.target
fi
say "done"
