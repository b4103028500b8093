#!/usr/bin/env bash
# What takes too long for each change, in parts of at most thirty minutes on two cores: the long tests in two
# halves, all tests on other versions of Node, and the accelerator for arm64. Build first.
#
#   scripts/check-long.sh [PART ...]     all parts by default
set -uo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
source scripts/steps.sh

# Three at a time on two cores, because they wait for clients and daemons most of the time
long=(node scripts/test.js --long --jobs $(($(nproc) + 1)))

[ $# -gt 0 ] || set -- long-integration long-others node-22 node-24 arm64
for part; do
  case $part in
    long-integration) step 30 "$part" "${long[@]}" test/integration/ ;;
    long-others) step 30 "$part" "${long[@]}" --except test/integration/ ;;
    node-22 | node-24) step 20 "$part" bash -c "test_on_node ${part#node-}" ;;
    arm64) step 20 "$part" bash native/test/arm64.sh ;;
    *)
      echo "check-long: $part: no such part" >&2
      exit 2
      ;;
  esac
done
finish
