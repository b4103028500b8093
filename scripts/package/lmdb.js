import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { thirdPartyLicenses } from '../third-party-licenses.js'

const LMDB = 'node_modules/lmdb'

/** lmdb's own packages with what it has compiled, which it looks for by their names. */
export function lmdbPlatforms() {
  return manifest().optionalDependencies
}

/**
 * Puts lmdb, with the packages it depends on, into one file below `root`. As npm has it, it brings
 * install scripts that compile it where its platform has no package: npm asks before it runs those.
 */
export async function stageLmdb(root) {
  const directory = join(root, LMDB)
  mkdirSync(join(directory, 'dist'), { recursive: true })
  const { metafile } = await build({
    entryPoints: [`${LMDB}/node-index.js`],
    outfile: join(directory, 'dist/index.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // It has an install script as well, and msgpackr does without
    external: ['msgpackr-extract'],
    define: { 'import.meta.url': 'ownUrl' },
    banner: { js: "const ownUrl = require('node:url').pathToFileURL(__filename).href;" },
    metafile: true,
    logLevel: 'error',
  })
  const { name, version, license, repository, author } = manifest()
  const described = { name, version, license, repository, author, main: 'dist/index.cjs' }
  writeFileSync(join(directory, 'package.json'), JSON.stringify(described))
  copyFileSync(`${LMDB}/LICENSE`, join(directory, 'LICENSE'))
  const licenses = thirdPartyLicenses(Object.keys(metafile.inputs))
  writeFileSync(join(directory, 'THIRD-PARTY-LICENSES.txt'), licenses)
}

function manifest() {
  return JSON.parse(readFileSync(`${LMDB}/package.json`, 'utf8'))
}
