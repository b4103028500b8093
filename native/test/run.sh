#!/bin/sh
# Builds the kernels with their test twice, with the sanitizers and as they are
# installed, and runs both. Needs nothing but a C compiler ($CC, or cc).
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

for flags in '-g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all' '-O3'; do
  # Unquoted: a list of flags.
  # shellcheck disable=SC2086
  ${CC:-cc} -std=c11 -Wall -Wextra -Werror $flags -o "$dir/kernel_test" \
    test/kernel_test.c batch.c cpu.c kernels/*.c
  "$dir/kernel_test"
done
