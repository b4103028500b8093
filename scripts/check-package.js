// Makes the packages for npm, installs them into an empty prefix as a user would, and tries every
// executable and man page that package.json names, the accelerator and the cache. Build first.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { ownPlatforms } from './package/accelerators.js'
import { packForNpm } from './package/npm.js'

const COMPILER = [
  resolve('node_modules/typescript/bin/tsc'),
  ...['--target', 'es2022', '--module', 'nodenext', '--strict'],
]

const { bin, man, version } = JSON.parse(readFileSync('package.json', 'utf8'))
const scratch = mkdtempSync(join(tmpdir(), 'btkit-package-'))

try {
  const tarballs = await packForNpm(scratch, ownPlatforms())
  const prefix = install(tarballs)
  const modules = join(prefix, 'lib', 'node_modules')
  checkScripts(modules)
  checkLicenses(modules)
  checkMan(prefix)
  for (const name of Object.keys(bin)) checkVersion(prefix, name)
  checkMainJob(prefix)
  checkLibrary(dirname(modules))
  checkClone(join(scratch, 'beside'))
  checkAccelerator(prefix, modules)
  // Loads all that the service needs
  run(join(prefix, 'bin', 'btkit'), 'serve', '--help')
  console.log(`package: ${Object.keys(bin).length} executables and ${man.length} man pages work`)
} finally {
  rmSync(scratch, { recursive: true })
}

function install(tarballs) {
  const prefix = join(scratch, 'prefix')
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts']
  npm('install', '--global', '--prefix', prefix, ...quiet, ...tarballs)
  return prefix
}

/** No package that is installed has anything to run or compile. */
function checkScripts(modules) {
  const files = readdirSync(modules, { recursive: true })
  for (const file of files.filter((path) =>
    /(^|node_modules\/)(@[^/]+\/)?[^/]+\/package\.json$/.test(path),
  )) {
    const { scripts = {} } = JSON.parse(readFileSync(join(modules, file), 'utf8'))
    const found = ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts)
    if (found.length > 0) throw new Error(`${file}: npm would run ${found.join(' and ')}`)
  }
  const compiled = files.find((file) => basename(file) === 'binding.gyp')
  if (compiled) throw new Error(`${compiled}: npm would run node-gyp`)
}

/** The licence of the compiled SQLite goes with it. */
function checkLicenses(modules) {
  const path = join(modules, 'btkit/node_modules/@photostructure/sqlite/LICENSE')
  const text = readFileSync(path, 'utf8')
  if (!text.includes('MIT License')) throw new Error(`${path}: no licence`)
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
    // A page of other names (.so) is that of another file
    const own = pages.filter((page) => !readFileSync(page, 'utf8').startsWith('.so '))
    run('mandoc', '-T', 'lint', ...own)
  }
}

/** The torrent of a file, made and shown by the installed program. */
function checkMainJob(prefix) {
  const file = join(scratch, 'image.iso')
  writeFileSync(file, Buffer.alloc(1_000_000, 1))
  const env = { ...process.env, BTKIT_CACHE_DIR: join(scratch, 'cache') }
  const installed = (name, ...args) =>
    execFileSync(join(prefix, 'bin', name), args, { encoding: 'utf8', env })
  const options = ['--force', '--quiet']
  installed(
    'btkit',
    'makemetafile',
    file,
    'http://tracker.example/announce',
    '-l',
    '18',
    ...options,
  )
  const kept = JSON.parse(installed('btkit', 'cache', 'stats', '--json'))
  // The file is too new to be kept
  if (kept.misses === 0) throw new Error(`nobody asked the cache: ${JSON.stringify(kept)}`)
  const shown = run(join(prefix, 'bin', 'btshowmetainfo'), `${file}.torrent`)
  // The info hash that mktorrent -l 18 gives this file
  if (!shown.includes('97ab0139bb8e4bcf078039873495a421bed541b5')) throw new Error(shown)
}

/** A program beside a clone, which npm links, finds the clone's types. */
function checkClone(directory) {
  const modules = join(directory, 'node_modules')
  mkdirSync(modules, { recursive: true })
  symlinkSync(resolve('.'), join(modules, 'btkit'))
  checkTypes(directory, [])
}

/** Programs can import all that it exports, and its types fit the guide's examples. */
function checkLibrary(directory) {
  const examples = guideExamples('docs/library.md').map((example, i) => {
    const path = join(directory, `example-${i}.mts`)
    writeFileSync(path, example)
    return path
  })
  checkTypes(directory, examples)
  checkWithoutNode(directory)
  if (!process.features.require_module) return
  const script = join(directory, 'program.cjs')
  writeFileSync(script, "require('btkit').makeTorrent.call")
  run(process.execPath, script)
}

/** Compiles a program in TypeScript, with more files, and runs it. */
function checkTypes(directory, files) {
  const program = `import { makeTorrent, type MadeTorrent } from 'btkit'
import { parseMetainfo } from 'btkit/metainfo'
const made: MadeTorrent = await makeTorrent(new URL(import.meta.url).pathname)
if (parseMetainfo(made.bytes).infoHash !== made.infoHash) throw new Error('other info hash')
`
  const file = join(directory, 'program.mts')
  writeFileSync(file, program)
  const types = ['--types', 'node', '--typeRoots', resolve('node_modules/@types')]
  run(process.execPath, ...COMPILER, ...types, file, ...files)
  run(process.execPath, join(directory, 'program.mjs'))
}

/** Programs for browsers have no types of Node. */
function checkWithoutNode(directory) {
  const page = join(directory, 'page.mts')
  writeFileSync(page, "import { parseMetainfo } from 'btkit/metainfo'\nvoid parseMetainfo")
  const nowhere = ['--typeRoots', join(directory, 'no-types')]
  run(process.execPath, ...COMPILER, '--lib', 'es2022,dom', ...nowhere, page)
}

/** The examples of a guide, which programs in TypeScript copy. */
function guideExamples(path) {
  const blocks = readFileSync(path, 'utf8').matchAll(/^```[jt]s\n(.*?)^```$/gms)
  return [...blocks].map(([, example]) => example)
}

/**
 * Its kernels are used and its cache opens; without the accelerator's package, node:crypto hashes.
 */
function checkAccelerator(prefix, modules) {
  const btkit = (...args) => run(join(prefix, 'bin', 'btkit'), ...args)
  const name = `@btkit/accelerator-${process.platform}-${process.arch}`
  if (existsSync(join(modules, name))) {
    if (!btkit('doctor').includes(`accelerator: ${name}\n`)) throw new Error(btkit('doctor'))
    rmSync(join(modules, name), { recursive: true })
  }
  if (!/^hash kernel: crypto/m.test(btkit('doctor'))) throw new Error(btkit('doctor'))
  checkMainJob(prefix)
}

function npm(...args) {
  return run('npm', ...args)
}

function run(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
