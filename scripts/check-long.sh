#!/usr/bin/env bash
# What takes too long for each change: the long tests, all tests on other versions of Node, and the
# accelerator for arm64. Build first. It takes about half an hour on two cores, and an hour at most on slow ones.
set -uo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
source scripts/steps.sh

# Three at a time on two cores, because they wait for clients and daemons most of the time
step 35 'long tests' node scripts/test.js --long --jobs $(($(nproc) + 1))
for version in 22 24; do
  step 9 "tests on Node $version" bash -c "test_on_node $version"
done
step 9 'arm64' bash native/test/arm64.sh
finish
