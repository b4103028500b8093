#!/bin/bash
# Unpacks the archive into Debian 11, 12 and 13 without Node, read-only, and makes, checks and serves a
# torrent there as a user who owns nothing. Needs root and mmdebstrap. Takes four minutes. An archive
# for arm64 is tried on this machine, under qemu-user with the libraries of libstdc++6-arm64-cross.
#
#   packaging/portable/check.sh ARCHIVE [SUITE ...]
set -euo pipefail
archive=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- bullseye bookworm trixie
dir=$(mktemp -d)
trap 'umount --quiet "$dir"/*/opt "$dir"/*/proc 2>/dev/null || true; rm -rf --one-file-system "$dir"' EXIT

trial='
  head -c 1000000 /dev/urandom >a
  mkdir data
  mv a data
  btkit --version
  btkit completedir http://t.example/announce data --output torrents --quiet
  btkit completedir http://t.example/announce data --output torrents | grep -q "unchanged 1"
  btkit verify --quiet torrents/a.torrent data
  btkit doctor | grep -q "^hash kernel: $1"
  "$(dirname "$(readlink -f "$(command -v btkit)")")/btmakemetafile" http://t.example/announce data/a --target b.torrent
  btkit serve data --host 127.0.0.1 --port 8099 >/dev/null 2>&1 &
  serve=$!
  i=0
  until btkit makemetafile http://127.0.0.1:8099/a --output c.torrent --quiet 2>/dev/null; do
    i=$((i + 1))
    [ $i -lt 100 ] || { kill $serve; exit 1; }
    sleep 0.1
  done
  btkit verify --quiet c.torrent --data http://127.0.0.1:8099/
  kill $serve
  [ "$(btkit hash c.torrent | cut -d" " -f1)" = "$(btkit hash torrents/a.torrent | cut -d" " -f1)" ]'

if [[ $archive == *-arm64.tar.xz ]]; then
  mkdir "$dir/bin" "$dir/tmp"
  tar -xJf "$archive" -C "$dir"
  program=$(echo "$dir"/btkit-*)
  ln -s "$program/bin/btkit" "$dir/bin/btkit"
  mv "$program/lib/node" "$program/lib/node.arm64"
  printf '#!/bin/sh\nexec qemu-aarch64 -L /usr/aarch64-linux-gnu "$0.arm64" "$@"\n' >"$program/lib/node"
  chmod +x "$program/lib/node"
  (cd "$dir/tmp" && env -i PATH="$dir/bin:$PATH" HOME="$dir/tmp" sh -euc "$trial" sh crypto)
  echo "arm64: passed"
  exit
fi

for suite; do
  root=$dir/$suite
  mmdebstrap --quiet --variant=minbase "$suite" "$root"
  [ ! -e "$root/usr/bin/node" ]
  tar -xJf "$archive" -C "$root/opt"
  mount --bind "$root/opt" "$root/opt"
  mount -o remount,bind,ro "$root/opt"
  mount -t proc proc "$root/proc"
  ln -s "$(cd "$root" && echo opt/btkit-*/bin/btkit)" "$root/bk"
  ln -s /bk "$root/usr/local/bin/btkit"
  chroot --userspec=nobody:nogroup "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/tmp/home \
    sh -euc "cd /tmp; $trial" sh '[^c]'
  umount "$root/opt" "$root/proc"
  echo "$suite: passed"
done
