// The program with all packages that it needs, as Debian's package and the archive have it.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setModes } from './npm.js'

/** The program, and beside it the packages that it needs, in the directory `program`. */
export function stageProgram(program, { staged, accelerator, cpu }) {
  cpSync(staged, program, { recursive: true })
  for (const each of ['LICENSE', 'CHANGELOG.md', 'README.md', 'docs', 'man', 'packaging'])
    rmSync(join(program, each), { recursive: true })
  for (const name of readdirSync(join(program, 'dist/bundle')))
    if (/\.(map|cache)$/.test(name)) rmSync(join(program, 'dist/bundle', name))

  const modules = join(program, 'node_modules')
  const { dependencies } = JSON.parse(readFileSync(join(program, 'package.json'), 'utf8'))
  for (const path of productionPackages(Object.keys(dependencies)))
    cpSync(path, join(program, path), { recursive: true, filter: isNeeded })
  run('find', modules, '-type', 'd', '-empty', '-delete')
  cpSync(accelerator, join(modules, `@btkit/accelerator-linux-${cpu}`), { recursive: true })
  keepOwnSqlite(join(modules, '@photostructure/sqlite/prebuilds'), cpu)
}

/** The paths of packages and of all that they need, except SQLite, which is there already. */
function productionPackages(names) {
  const found = new Set()
  const visit = (name, from) => {
    const path = locate(name, from)
    if (path === null || found.has(path)) return
    found.add(path)
    const { dependencies = {} } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
    for (const each of Object.keys(dependencies)) visit(each, path)
  }
  for (const name of names.filter((each) => each !== '@photostructure/sqlite')) visit(name, '.')
  return found
}

/** Where Node finds a package from a directory; null if it is not installed. */
function locate(name, from) {
  for (let directory = from; ; directory = dirname(directory)) {
    const path = join(directory, 'node_modules', name)
    if (existsSync(path)) return path
    if (directory === '.') return null
  }
}

/**
 * Sources, types, tests, documents and programs of packages are not; those inside them come by
 * themselves.
 */
function isNeeded(path) {
  const name = basename(path)
  if (
    /^(tests?|benchmarks?|docs|examples?|integration|scripts|bin|bin\.js|test\.js|node_modules)$/.test(
      name,
    )
  )
    return false
  if (/^licen[sc]e/i.test(name)) return true
  return !/\.(map|[cm]?ts|md|html|sh)$|^\./.test(name)
}

/** Leaves SQLite's compiled part for a processor and glibc only, stripped. */
function keepOwnSqlite(prebuilds, cpu) {
  const own = `linux-${cpu}`
  for (const name of readdirSync(prebuilds).filter((each) => each !== own))
    rmSync(join(prebuilds, name), { recursive: true })
  for (const name of readdirSync(join(prebuilds, own))) {
    const path = join(prebuilds, own, name)
    const strip = cpu === process.arch ? 'strip' : 'aarch64-linux-gnu-strip'
    if (name.includes('.glibc.')) run(strip, '--strip-unneeded', path)
    else rmSync(path)
  }
}

/** Unpacks a package of npm, from its cache or the network, into a new directory `target`. */
export function unpackFromNpm(wanted, target) {
  const scratch = mkdtempSync(join(tmpdir(), 'btkit-npm-'))
  try {
    run('npm', 'pack', '--silent', '--prefer-offline', '--pack-destination', scratch, wanted)
    run('tar', 'xzf', join(scratch, readdirSync(scratch)[0]), '-C', scratch)
    mkdirSync(dirname(target), { recursive: true })
    cpSync(join(scratch, 'package'), target, { recursive: true })
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/**
 * Packs a directory into DIRECTORY/NAME.tar.xz, with the same bytes whoever packs it, when and
 * where. The paths of programs are executable. Returns its path.
 */
export function archive(root, directory, programs) {
  setModes(root)
  for (const each of programs) run('chmod', '-R', 'a+x', join(root, each))
  const target = join(directory, `${basename(root)}.tar.xz`)
  const time = process.env.SOURCE_DATE_EPOCH ?? run('git', 'log', '-1', '--format=%ct').trim()
  const owner = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${time}`]
  const xz = ['--use-compress-program', 'xz -9 -T1']
  run('tar', '-C', join(root, '..'), ...owner, ...xz, '-cf', target, basename(root))
  return target
}

/** Runs a program, and returns what it prints. */
export function run(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
}
