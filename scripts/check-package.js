// Packs the package, installs the tarball into an empty prefix as a user would, and tries every
// executable and man page that package.json names. Build first.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { ALL_COMMANDS, NO_COMMAND, QUICK_COMMANDS } from '../dist/src/cli/start/bundles.js'

const { bin, man, version } = JSON.parse(readFileSync('package.json', 'utf8'))
const scratch = mkdtempSync(join(tmpdir(), 'btkit-package-'))

try {
  const prefix = install(pack())
  checkMan(prefix)
  for (const name of Object.keys(bin)) checkVersion(prefix, name)
  checkMainJob(prefix)
  checkCompiledCode(prefix)
  // Loads all that the service needs
  run(join(prefix, 'bin', 'btkit'), 'serve', '--help')
  console.log(`package: ${Object.keys(bin).length} executables and ${man.length} man pages work`)
} finally {
  rmSync(scratch, { recursive: true })
}

function pack() {
  const out = npm('pack', '--json', '--ignore-scripts', '--pack-destination', scratch)
  return join(scratch, JSON.parse(out)[0].filename)
}

function install(tarball) {
  const prefix = join(scratch, 'prefix')
  npm('install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', tarball)
  return prefix
}

function checkVersion(prefix, name) {
  const said = run(join(prefix, 'bin', name), '--version').trim()
  if (said !== version) throw new Error(`${name} --version: said ${said}, not ${version}`)
}

function checkMan(prefix) {
  const root = join(prefix, 'share', 'man')
  const pages = man.map((page) => join(root, `man${page.at(-1)}`, basename(page)))
  for (const page of pages) readFileSync(page)
  for (const name of Object.keys(bin).filter((each) => !each.includes('.'))) {
    if (!man.includes(`./man/${name}.1`)) throw new Error(`${name} has no page in the manual`)
  }
  if (spawnSync('mandoc', ['-h']).error) {
    console.log('package: mandoc is not installed, so man pages are not linted')
  } else {
    run('mandoc', '-T', 'lint', ...pages)
  }
}

/** The torrent of a file, made and shown by the installed program. */
function checkMainJob(prefix) {
  const file = join(scratch, 'image.iso')
  writeFileSync(file, Buffer.alloc(1_000_000, 1))
  run(join(prefix, 'bin', 'btmakemetafile'), file, 'http://tracker.example/announce')
  const shown = run(join(prefix, 'bin', 'btshowmetainfo'), `${file}.torrent`)
  // The info hash that mktorrent -l 18 gives this file
  if (!shown.includes('97ab0139bb8e4bcf078039873495a421bed541b5')) throw new Error(shown)
}

/** npm's install script has kept V8's compiled code; the package has none of another Node's. */
function checkCompiledCode(prefix) {
  const bundles = join(prefix, 'lib', 'node_modules', 'btkit', 'dist/bundle')
  for (const name of [ALL_COMMANDS, NO_COMMAND, ...QUICK_COMMANDS])
    readFileSync(join(bundles, `${name}.cjs.cache`))
}

function npm(...args) {
  return run('npm', ...args)
}

function run(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
