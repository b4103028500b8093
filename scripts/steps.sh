# Steps that have a limit and count tests, for .ci/run and scripts/check-long.sh, which set $scratch.
passed=0
failed=0
summary=''
export scratch

# step MINUTES NAME COMMAND...: runs it, and counts its tests by the last line that it writes.
step() {
  local minutes=$1 name=$2 log=$scratch/log start=$SECONDS counts status
  shift 2
  printf '\n== %s (%d minutes at most)\n' "$name" "$minutes"
  timeout --kill-after=30 "${minutes}m" "$@" 2>&1 | tee "$log"
  status=$?
  [ "$status" != 124 ] || echo "$name: not done after $minutes minutes"
  counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -1)
  count "$status" $(grep -oE '[0-9]+ (passed|failed)' <<<"$counts" | grep -oE '[0-9]+')
  summary+="$name: ${counts:-no tests}, status $status, $((SECONDS - start)) s"$'\n'
}

# count STATUS [PASSED FAILED]: a step that failed has a failure, whatever its tests were.
count() {
  local more=${3:-0}
  if [ "$1" != 0 ] && [ "$more" = 0 ]; then more=1; fi
  passed=$((passed + ${2:-0}))
  failed=$((failed + more))
}

finish() {
  printf '\n%s%d passed, %d failed\n' "$summary" "$passed" "$failed"
  [ "$failed" = 0 ]
  exit
}

# test_on_node VERSION [PART OF A PATH...]: the tests on another Node, which npm has in packages by
# system and processor. Without it no test runs.
test_on_node() {
  local prefix=$scratch/node-$1
  npm install --prefix "$prefix" --no-audit --no-fund --loglevel error \
    "node-$(node -p 'process.platform + "-" + process.arch')@$1" || return
  echo "Node $("$prefix/node_modules/.bin/node" --version)"
  PATH=$prefix/node_modules/.bin:$PATH node scripts/test.js "${@:2}"
}
export -f test_on_node
