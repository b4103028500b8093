#!/usr/bin/env bash
# What takes too long for each change, in parts of at most twenty minutes on two cores: the long tests in two
# halves, all tests on other versions of Node, and the accelerator for arm64. Build first.
#
#   scripts/check-long.sh [PART ...]     all parts by default
set -uo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
source scripts/steps.sh

# Three at a time on two cores, because they wait for clients and daemons most of the time
long_tests() {
  local all
  all=$(git ls-files 'test/*.long.ts'; git grep -lE '\b(longTest|quickFirst)\b' -- 'test/*.test.ts')
  mapfile -t files < <(grep "$@" <<<"$all")
  node scripts/test.js --long --jobs $(($(nproc) + 1)) "${files[@]}"
}
export -f long_tests

for part in "${@:-long-integration long-others node-22 node-24 arm64}"; do
  for each in $part; do
    case $each in
      long-integration) step 30 "$each" bash -c 'long_tests ^test/integration/' ;;
      long-others) step 30 "$each" bash -c 'long_tests --invert-match ^test/integration/' ;;
      node-22 | node-24) step 20 "$each" bash -c "test_on_node ${each#node-}" ;;
      arm64) step 20 "$each" bash native/test/arm64.sh ;;
      *) echo "check-long: $each: no part; parts are long-integration, long-others, node-22, node-24 and arm64" >&2 && exit 2 ;;
    esac
  done
done
finish
