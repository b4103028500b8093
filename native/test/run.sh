#!/bin/sh
# Builds the C tests and runs them: the kernels alone, and jobs on several threads over
# files. Needs nothing but a C compiler ($CC, or cc).
#   run.sh             as the addon is built
#   run.sh sanitizers  with those of addresses, undefined behaviour and threads
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sources="batch.c cpu.c read_lease.c shares.c $(
  echo kernels/*.c stream/*.c jobs/*.c)"

# try FLAGS TEST...: compiles everything once with these flags, and runs the tests.
try() {
  flags="-std=c11 -Wall -Wextra -Werror -pthread $1"
  shift
  rm -rf "$dir/objects"
  mkdir "$dir/objects"
  # Unquoted: lists of flags and files.
  # shellcheck disable=SC2086
  for source in $sources; do
    echo "$flags -c $source -o $dir/objects/$(echo "$source" | tr / -).o"
  done | xargs -P "$(getconf _NPROCESSORS_ONLN)" -L 1 "${CC:-cc}"
  for name in "$@"; do
    # shellcheck disable=SC2086
    "${CC:-cc}" $flags -o "$dir/$name" "test/$name.c" "$dir"/objects/*.o
    TMPDIR=$dir "$dir/$name"
  done
}

if [ "${1:-}" = sanitizers ]; then
  try '-g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all' \
    kernel_test job_test
  try '-g1 -O1 -fsanitize=thread' job_test
else
  try -O3 kernel_test job_test
fi
