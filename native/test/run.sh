#!/bin/sh
# Builds the C tests with the sanitizers and as the addon is installed, and runs them: the kernels
# alone, jobs on several threads over files, files replaced by others, and trees looked at. Needs
# nothing but a C compiler ($CC, or cc).
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

build() { # NAME FLAGS...
  name=$1
  shift
  ${CC:-cc} -std=c11 -Wall -Wextra -Werror -pthread "$@" -o "$dir/$name" \
    "test/$name.c" batch.c cpu.c on_threads.c replace_files.c tree_table.c fingerprint.c kernels/*.c stream/*.c jobs/*.c
  TMPDIR=$dir "$dir/$name"
}

memory='-g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all'
threads='-g1 -O1 -fsanitize=thread'
# Unquoted: lists of flags.
# shellcheck disable=SC2086
{
  build kernel_test $memory
  build kernel_test -O3
  build job_test $memory
  build job_test $threads
  build job_test -O3
  build replace_test $memory
  build replace_test $threads
  build tree_test $memory
}
