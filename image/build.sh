#!/bin/sh
# Builds the bootable appliance: build/image/conserje.raw and .qcow2, with the list of what is in it.
#
# Needs root, mmdebstrap, mtools, dosfstools, syslinux, e2fsprogs, fdisk, qemu-utils; no loop device, no question.
# The same source, the same package versions and the same SOURCE_DATE_EPOCH give the same files in the root.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
out=$here/build/image
root=$out/root
boot_mib=192
root_mib=${CONSERJE_ROOT_MIB:-3072}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || echo 1700000000)}
export SOURCE_DATE_EPOCH

say() { printf 'image: %s\n' "$1"; }
for tool in mmdebstrap mcopy mkfs.vfat syslinux mke2fs sfdisk qemu-img; do
    command -v "$tool" >/dev/null || { echo "build.sh: $tool is missing; apt-get install mmdebstrap mtools dosfstools syslinux e2fsprogs fdisk qemu-utils" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "build.sh: run it as root (files of the image belong to root)." >&2; exit 1; }

rm -rf "$out"
mkdir -p "$out/wheels" "$out/source"

say "wheels of Conserje and what it needs"
"$here/.venv/bin/pip" wheel -q -w "$out/wheels" "$here"
git -C "$here" ls-files -z image templates pyproject.toml | (cd "$here" && xargs -0 tar c) | tar x -C "$out/source"

say "Debian 12 into a folder (mmdebstrap)"
packages=$(grep -hv '^#' "$here/image/packages.txt" "$here/image/packages-boot.txt" | paste -sd,)
sources=$(ls /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null | head -1)
mmdebstrap --quiet --variant=minbase --format=directory --components=main \
    --include="$packages" \
    --aptopt='Acquire::Retries "3"' \
    --aptopt="$(apt-config dump --format '%f "%v";%n' | grep '^Acquire::Check-' | paste -sd' ')" \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-include=/usr/share/locale/es*/*' \
    bookworm "$root" ${sources:+"$sources"}

say "Conserje into it"
mkdir -p "$root/tmp/conserje"
cp -r "$out/wheels" "$out/source/." "$root/tmp/conserje/"
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" /tmp/conserje/image/install.sh --no-start --wheels /tmp/conserje/wheels
rm -rf "$root/tmp/conserje"

say "the machine: mounts, network, console"
cat > "$root/etc/fstab" <<'FSTAB'
LABEL=conserje-root /         ext4 defaults,noatime,errors=remount-ro 0 1
LABEL=CONSERJE      /boot/efi vfat defaults,umask=0077                0 2
tmpfs               /tmp      tmpfs nosuid,nodev,size=25%             0 0
FSTAB
mkdir -p "$root/boot/efi" "$root/etc/systemd/network"
cat > "$root/etc/systemd/network/10-uplink.network" <<'NETWORK'
# The first card asks for its address; the voice card gets its own from conserje-first-boot.
[Match]
Name=en* eth*

[Network]
DHCP=ipv4
LinkLocalAddressing=no
NETWORK
mkdir -p "$root/etc/systemd/system/systemd-networkd-wait-online.service.d"
cat > "$root/etc/systemd/system/systemd-networkd-wait-online.service.d/conserje.conf" <<'WAIT'
# A box whose uplink is unplugged serves its phones all the same.
[Service]
ExecStart=
ExecStart=/lib/systemd/systemd-networkd-wait-online --any --timeout=15
WAIT
echo conserje > "$root/etc/hostname"
printf '127.0.0.1 localhost conserje\n' > "$root/etc/hosts"
ln -sf /run/systemd/resolve/resolv.conf "$root/etc/resolv.conf"
rm -f "$root/etc/machine-id" && : > "$root/etc/machine-id"
chroot "$root" passwd -q -l root
cp /usr/share/doc/apt/examples/sources.list "$root/etc/apt/sources.list" 2>/dev/null || true
rm -rf "$root/etc/apt/sources.list.d/"* "$root/var/lib/apt/lists/"* "$root/var/cache/apt/"*.bin
chroot "$root" systemctl enable -q systemd-networkd systemd-resolved
printf 'Conserje \\n \\l\nPágina del edificio / building page: http://\\4:8080/\n\n' > "$root/etc/issue"

say "bill of materials"
"$here/.venv/bin/python" "$here/image/materials.py" "$root" > "$out/materials.json"
install -D -m 0644 "$out/materials.json" "$root/usr/share/conserje/materials.json"

say "boot partition"
kernel=$(ls "$root"/boot/vmlinuz-* | sort -V | tail -1)
initrd=$(ls "$root"/boot/initrd.img-* | sort -V | tail -1)
boot=$out/boot.img
truncate -s ${boot_mib}M "$boot"
mkfs.vfat -n CONSERJE -i C0A5E12E "$boot" >/dev/null
cat > "$out/syslinux.cfg" <<'CFG'
DEFAULT conserje
PROMPT 0
TIMEOUT 10
LABEL conserje
  LINUX /vmlinuz
  INITRD /initrd.img
  APPEND root=LABEL=conserje-root ro console=tty0 console=ttyS0,115200 quiet systemd.show_status=false
CFG
cat > "$out/loader.conf" <<'CFG'
default conserje.conf
timeout 1
CFG
cat > "$out/entry.conf" <<'CFG'
title Conserje
linux /vmlinuz
initrd /initrd.img
options root=LABEL=conserje-root ro console=tty0 console=ttyS0,115200 quiet
CFG
mcopy -i "$boot" "$kernel" ::/vmlinuz
mcopy -i "$boot" "$initrd" ::/initrd.img
mcopy -i "$boot" "$out/syslinux.cfg" ::/syslinux.cfg
mmd -i "$boot" ::/EFI ::/EFI/BOOT ::/loader ::/loader/entries
mcopy -i "$boot" "$root/usr/lib/systemd/boot/efi/systemd-bootx64.efi" ::/EFI/BOOT/BOOTX64.EFI
mcopy -i "$boot" "$out/loader.conf" ::/loader/loader.conf
mcopy -i "$boot" "$out/entry.conf" ::/loader/entries/conserje.conf
syslinux --install "$boot"

say "root partition"
truncate -s ${root_mib}M "$out/root.img"
mke2fs -q -t ext4 -L conserje-root -U 6c0a5e12-0000-4000-8000-c0a5e12e0001 -E hash_seed=6c0a5e12-0000-4000-8000-c0a5e12e0002 -d "$root" "$out/root.img"

say "the disk"
disk=$out/conserje.raw
truncate -s $((1 + boot_mib + root_mib + 1))M "$disk"
sfdisk -q "$disk" <<SFDISK
label: dos
label-id: 0xc0a5e12e
start=1MiB, size=${boot_mib}MiB, type=ef, bootable
start=$((1 + boot_mib))MiB, size=${root_mib}MiB, type=83
SFDISK
dd if="$boot" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
dd if="$out/root.img" of="$disk" bs=1M seek=$((1 + boot_mib)) conv=notrunc,sparse status=none
dd if=/usr/lib/SYSLINUX/mbr.bin of="$disk" bs=440 count=1 conv=notrunc status=none
qemu-img convert -q -c -O qcow2 "$disk" "$out/conserje.qcow2"
rm -rf "$root" "$out/root.img" "$out/boot.img" "$out/source" "$out/wheels"
(cd "$out" && sha256sum conserje.raw conserje.qcow2 materials.json > SHA256SUMS)
say "done: $(du -h --apparent-size "$out/conserje.qcow2" | cut -f1) qcow2, $(du -h "$disk" | cut -f1) raw used, build/image/"
