// Bundles modules for browsers and workers: Buffer and digests come from packages, synchronous as
// in Node, and nothing else of Node is there.
import { createRequire } from 'node:module'
import { build } from 'esbuild'

/** Modules of Node, and what stands for them. */
const STAND_INS = {
  // The slash makes it the package
  buffer: `export { Buffer } from 'buffer/'
export function isUtf8(bytes) {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch { return false }
}`,
  crypto: `import { Buffer } from 'buffer/'
import { sha1 } from '@noble/hashes/sha1'
import { sha256 } from '@noble/hashes/sha256'
const HASHES = { sha1, sha256 }
export function createHash(algorithm) {
  const hash = HASHES[algorithm].create()
  return {
    update(data) { hash.update(data); return this },
    digest: () => Buffer.from(hash.digest()),
  }
}
// src/base/bytes.ts imports it; nothing for browsers makes a MAC
export const createHmac = undefined`,
  addon: `export const loadNative = () => null`,
  util: `export const getSystemErrorMap = () => new Map()`,
}

const standIns = {
  name: 'stand-ins',
  setup({ onResolve, onLoad }) {
    const resolveDir = process.cwd()
    // node:crypto's stand-in makes the digests
    onResolve({ filter: /\/native-addon\.js$/ }, () => ({ path: 'addon', namespace: 'node' }))
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path: path.slice(5), namespace: 'node' }))
    onLoad({ filter: /.*/, namespace: 'node' }, ({ path }) => {
      return STAND_INS[path] && { contents: STAND_INS[path], resolveDir }
    })
  },
}

/** Builds `dist/bundle/browser/NAME.js` of each entry, by name. */
export function buildForBrowsers(entryPoints, shared) {
  return build({
    ...shared,
    outdir: `${shared.outdir}/browser`,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    entryPoints,
    // Programs bundle it again, and packages have no maps
    sourcemap: false,
    inject: [createRequire(import.meta.url).resolve('./buffer-global.js')],
    plugins: [standIns],
  })
}
