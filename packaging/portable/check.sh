#!/bin/bash
# Unpacks the archive into Debian 11, 12 and 13 without Node, read-only, and makes, checks and serves a
# torrent there as a user who owns nothing. Needs root, mmdebstrap and curl. Takes four minutes.
#
#   packaging/portable/check.sh ARCHIVE [SUITE ...]
set -euo pipefail
archive=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- bullseye bookworm trixie
dir=$(mktemp -d)
trap 'umount --quiet "$dir"/*/opt "$dir"/*/proc || true; rm -rf --one-file-system "$dir"' EXIT

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
  chroot --userspec=nobody:nogroup "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/tmp/home sh -euc '
    cd /tmp
    mkdir data
    head -c 1000000 /dev/urandom >data/a
    btkit completedir http://t.example/announce data --output torrents --quiet
    btkit verify --quiet torrents/a.torrent data
    btkit doctor | grep -q "^hash kernel: [^c]"
    /opt/btkit-*/bin/btmakemetafile http://t.example/announce data/a --target b.torrent
    btkit serve data --host 127.0.0.1 --port 8099 >/dev/null 2>&1 &
    serve=$!
    i=0
    until btkit makemetafile http://127.0.0.1:8099/a --output c.torrent --quiet 2>/dev/null; do
      i=$((i + 1))
      [ $i -lt 100 ] || { kill $serve; exit 1; }
      sleep 0.1
    done
    kill $serve
    [ "$(btkit hash c.torrent | cut -d" " -f1)" = "$(btkit hash torrents/a.torrent | cut -d" " -f1)" ]'
  umount "$root/opt" "$root/proc"
  echo "$suite: passed"
done
