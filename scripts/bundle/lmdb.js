// lmdb becomes part of the programs: a bundle of its own would be found, read and compiled at each start
// that uses a cache, which takes longer than what it does. Its binary stays in its package.

/** The binary that lmdb's own search finds on most machines, after looking into five directories. */
const LOADER = `
const { requireOwn } = require('./dist/src/base/native-addon.js')
module.exports = () => {
  const { platform, arch, versions } = process
  const name = \`@lmdb/lmdb-\${platform}-\${arch}/node.abi\${versions.modules}.glibc.node\`
  try {
    return requireOwn(name, require)
  } catch {
    const { dirname } = require('node:path')
    const { resolve } = require('node-gyp-build-optional-packages')
    return requireOwn(resolve(dirname(dirname(require.resolve('lmdb')))), require)
  }
}`

/** Values are bytes, so nothing encodes them. */
const CONTENTS = {
  'node-gyp-build-optional-packages': LOADER,
  msgpackr: 'exports.Encoder = undefined',
}

export const joinLmdb = {
  name: 'parts of lmdb',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node-gyp-build-optional-packages|msgpackr)$/ }, ({ path, importer }) =>
      importer.includes('/node_modules/lmdb/') ? { path, namespace: 'lmdb' } : undefined,
    )
    onResolve({ filter: /^lmdb$/ }, ({ path, kind }) =>
      kind === 'require-resolve' ? { path, external: true } : undefined,
    )
    onLoad({ filter: /./, namespace: 'lmdb' }, ({ path }) => ({
      contents: CONTENTS[path],
      resolveDir: process.cwd(),
    }))
  },
}
