// Makes the packages that npm distributes: btkit itself, which compiles nothing and runs no script
// when it is installed, and its accelerators. Build first.
//
//   node scripts/package/npm.js [--own] [DIRECTORY]
//
// leaves the tarballs in DIRECTORY, by default packages/, and prints the path and size of each.
// --own makes no accelerator but this machine's.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { JOINED } from '../bundle/joined.js'
import {
  acceleratorDependencies,
  ownPlatforms,
  PLATFORMS,
  stageAccelerators,
} from './accelerators.js'

/** Entries of package.json for checkouts only. */
const OF_A_CHECKOUT = ['scripts', 'devDependencies', 'overrides']

/**
 * Makes the tarballs and returns their paths: btkit's, and those of accelerators for `platforms`.
 */
export async function packForNpm(directory, platforms = PLATFORMS) {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
  const scratch = mkdtempSync(join(tmpdir(), 'btkit-pack-'))
  try {
    mkdirSync(directory, { recursive: true })
    const main = stagePackage(scratch)
    const staged = [main, ...stageAccelerators(scratch, manifest, platforms)]
    return staged.map((each) => pack(each, directory))
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** Puts the files of the package into a directory below `scratch`, which it returns. */
export function stagePackage(scratch) {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
  const main = join(scratch, 'btkit')
  // npm chooses among the files of directories
  const taken = manifest.files.filter((each) => !each.startsWith('!'))
  for (const name of ['README.md', 'LICENSE', ...taken.map((each) => each.replace(/\/\*.*/, ''))])
    cpSync(name, join(main, name), { recursive: true })
  stageSqlite(main)
  writeFileSync(join(main, 'package.json'), JSON.stringify(published(manifest), null, 2))
  return main
}

const SQLITE = '@photostructure/sqlite'

/**
 * Puts the compiled SQLite of all platforms below `root`. As npm has it, it brings an install
 * script, before which npm asks, and its source.
 */
function stageSqlite(root) {
  const place = `node_modules/${SQLITE}`
  for (const part of ['LICENSE', 'prebuilds'])
    cpSync(join(place, part), join(root, place, part), { recursive: true })
  const { name, version, license, repository } = JSON.parse(
    readFileSync(join(place, 'package.json'), 'utf8'),
  )
  const described = { name, version, license, repository }
  writeFileSync(join(root, place, 'package.json'), JSON.stringify(described))
}

/** package.json as it is published: without scripts, and what is part of the bundles. */
function published(manifest) {
  const kept = Object.entries(manifest).filter(([key]) => !OF_A_CHECKOUT.includes(key))
  return {
    ...Object.fromEntries(kept),
    dependencies: Object.fromEntries(
      Object.entries(manifest.dependencies).filter(([name]) => !JOINED.includes(name)),
    ),
    bundleDependencies: [SQLITE],
    optionalDependencies: acceleratorDependencies(manifest),
  }
}

/** Makes files and directories readable for all, whatever the umask of the person who builds. */
export function setModes(directory) {
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', directory])
}

function pack(staged, directory) {
  setModes(staged)
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', resolve(directory)]
  const out = execFileSync('npm', args, { cwd: staged, encoding: 'utf8' })
  return join(directory, JSON.parse(out)[0].filename)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kib = (path) => `${(statSync(path).size / 1024).toFixed(0)} KiB`
  const { values, positionals } = parseArgs({
    options: { own: { type: 'boolean' } },
    allowPositionals: true,
  })
  const platforms = values.own ? ownPlatforms() : PLATFORMS
  for (const path of await packForNpm(positionals[0] ?? 'packages', platforms))
    console.log(`${path}  ${kib(path)}`)
}
