#!/bin/bash
# Installs the Debian package into a fresh Debian that its own systemd runs, starts the units as they
# are shipped, upgrades, removes and purges the package. Needs root, mmdebstrap, a built program and
# a host with cgroup2. Takes five minutes.
#
#   packaging/debian/check.sh [ROOT]
#
# ROOT is a directory with the packages of `include`, which is copied; by default it is made.
set -euo pipefail
cd "$(dirname "$0")/../.."
include=systemd,systemd-sysv,dbus,nodejs,procps,libstdc++6,logrotate,curl
dir=$(mktemp -d)
cgroup=$(findmnt --noheadings --output TARGET --types cgroup2 | head -1)/btkit-check-$$
trap 'stop; rm -rf "$dir"' EXIT
root=$dir/root

# Ends the first process of the system, and so all
stop() {
  [ -z "${init:-}" ] || kill -KILL "$init" || true
  for ((i = 0; i < 50; i++)); do
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && return
    sleep 0.1
  done
}

# Runs systemd as the first process of a system of its own, whose name has no domain
boot() {
  mkdir "$cgroup"
  bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$cgroup" \
    unshare --mount --pid --fork --uts --ipc --net --cgroup --kill-child bash -ec '
    hostname short
    mount --bind "$1" "$1"
    cd "$1"
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs -o mode=755 tmpfs dev
    for name in null zero full random urandom tty; do
      touch "dev/$name"
      mount --bind "/dev/$name" "dev/$name"
    done
    mkdir dev/pts dev/shm .old
    mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
    mount -t tmpfs tmpfs dev/shm
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    ip link set lo up
    pivot_root . .old
    umount -l /.old
    rmdir /.old
    exec env -i container=other /usr/lib/systemd/systemd --log-target=null' - "$root" \
    >"$dir/boot.log" 2>&1 </dev/null &
  for ((i = 0; i < 100; i++)); do
    init=$(pgrep --parent "$!" || true)
    [ -z "$init" ] || [ ! -S "/proc/$init/root/run/dbus/system_bus_socket" ] || return 0
    sleep 0.1
  done
  cat "$dir/boot.log"
  return 1
}

inside() {
  nsenter --target "$init" --mount --pid --uts --ipc --net --cgroup --root --wdns=/ \
    env -i PATH=/usr/sbin:/usr/bin DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 "$@"
}

# Says what is checked, and what the journal has if it fails
check() {
  local what=$1
  shift
  if inside bash -ec "$*" >"$dir/log" 2>&1; then
    echo "ok: $what"
  else
    echo "FAILED: $what"
    cat "$dir/log"
    inside journalctl --no-pager --lines 20 --unit 'btkit*'
    exit 1
  fi
}

if [ $# -gt 0 ]; then
  cp -a "$1" "$root"
else
  mmdebstrap --quiet --variant=minbase --include="$include" trixie "$root"
fi
node packaging/debian/build.js "$dir/new" >/dev/null
(umask 077 && node packaging/debian/build.js "$dir/again" >/dev/null)
diff -r "$dir/new" "$dir/again"
echo 'ok: two builds are the same'
package=$(ls "$dir"/new/*_"$(dpkg --print-architecture)".deb)
dpkg-deb --raw-extract "$package" "$dir/old"
sed -i 's/^Version: .*/Version: 0~old/' "$dir/old/DEBIAN/control"
dpkg-deb --build "$dir/old" "$root/old.deb" >/dev/null
cp "$package" "$root/new.deb"
boot

services='btkit-serve btkit-track'
check 'an older version is installed' dpkg --install /old.deb
check 'serve, track and the timer start as shipped' \
  "systemctl start $services btkit-completedir.timer && sleep 2 && systemctl is-active $services"
check 'completedir succeeds before there are files' systemctl start btkit-completedir
check 'a worker waits for its configuration' \
  'systemctl start btkit-worker; ! systemctl is-active btkit-worker'
check 'serve makes a torrent' \
  'head -c 1000000 /dev/urandom >/srv/mirror/a.iso; curl -fsSo /dev/null localhost:8080/a.iso.torrent'
check 'track answers' curl -fsSo /dev/null localhost:6969/scrape
check 'the units have one user, a cache together and a state each' \
  'cd /var; [ "$(stat -c "%U %a" cache/btkit-services lib/btkit-{serve,track,completedir} | sort -u)" = "btkit 700" ]'
check 'an upgrade restarts the services' \
  "before=\$(systemctl show -P MainPID $services | xargs); dpkg --install /new.deb && sleep 2
   systemctl is-active $services; [ \"\$(systemctl show -P MainPID $services | xargs)\" != \"\$before\" ]"
check 'a service that was killed comes back' \
  'systemctl kill --signal=KILL btkit-track; sleep 3; curl -fsSo /dev/null localhost:6969/scrape'
check 'sockets start the services' \
  "systemctl stop $services; systemctl start btkit-serve.socket btkit-track.socket
   curl -fsSo /dev/null localhost:8080/a.iso.torrent; curl -fsSo /dev/null localhost:6969/scrape"
check 'serve tracks on the socket of its tracker' \
  "systemctl stop $services btkit-track.socket; echo BTKIT_SERVE_TRACK=1 >>/etc/default/btkit-serve
   systemctl enable --now btkit-serve-tracker.socket btkit-serve
   curl -fsS localhost:8080/a.iso.torrent | grep -a localhost:6969/announce; curl -fsSo /dev/null localhost:6969/-/health"
check 'root has a cache and a state' \
  'btkit completedir /srv/mirror --trackerless --output /tmp --min-age 0; ls -d /var/cache/btkit /var/lib/btkit'
check 'remove ends all' \
  'dpkg --remove btkit; [ -z "$(systemctl list-units --quiet --all --plain --no-legend "btkit*")" ]; ! pgrep node'
check 'purge leaves only what is in /srv/mirror, and names the files of others in /etc/btkit' \
  'touch /etc/btkit/share.key; dpkg --purge btkit | grep share.key; rm -r /etc/btkit
   ! getent passwd btkit; ! find / -xdev -iname "*btkit*" | grep .; ls /srv | xargs test mirror ='
