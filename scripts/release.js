// Does all steps of a release except the upload.
//
//   node scripts/release.js VERSION [--debian] [--portable]
//
// Writes the version into package.json and package-lock.json and names its section of CHANGELOG.md;
// then commits and tags that. Leaves in packages/btkit-VERSION the packages and their checksums in
// SHA256SUMS, and a torrent of these beside it. The tree must be clean and freshly built. After a
// check of the result, push the commit and the tag, and upload that directory.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PLATFORMS } from './package/accelerators.js'
import { lackOf } from './package/lack.js'

const CHANGELOG = 'CHANGELOG.md'
const UNRELEASED = '## Unreleased\n'

try {
  release(readArguments())
} catch (error) {
  console.error(`release: ${error.message}`)
  process.exitCode = 1
}

function release({ version, hasDebian, hasPortable }) {
  const kinds = ['npm', ...(hasPortable ? ['portable'] : []), ...(hasDebian ? ['deb'] : [])]
  for (const kind of kinds) {
    const lack = lackOf(kind, PLATFORMS)
    if (lack !== null) throw new Error(lack)
  }
  requireCleanTree(version)
  const today = new Date().toISOString().slice(0, 10)
  const notes = dateChangelog(version, today)
  setVersion(version)
  step('build')
  run('npm', 'run', '--silent', 'build')
  run('git', 'commit', '--quiet', '--all', '--message', `Release ${version}`)
  const message = `btkit ${version}\n\n${notes}`
  // By default git takes headings for comments
  run('git', 'tag', '--annotate', '--cleanup=whitespace', `v${version}`, '--message', message)
  step(`commit ${run('git', 'rev-parse', '--short', 'HEAD').trim()} and tag v${version}`)

  const directory = join('packages', `btkit-${version}`)
  rmSync(directory, { recursive: true, force: true })
  for (const kind of kinds) run(process.execPath, 'scripts/package/make.js', kind, directory)
  const packages = readdirSync(directory).sort()
  writeFileSync(join(directory, 'SHA256SUMS'), checksums(directory, packages))
  for (const name of [...packages, 'SHA256SUMS']) step(join(directory, name))
  step(makeTorrent(directory))
  console.log(`\n${notes}\nNothing was pushed or uploaded.`)
}

function readArguments() {
  const isGiven = { type: 'boolean', default: false }
  const options = { debian: isGiven, portable: isGiven }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const [version] = positionals
  if (positionals.length !== 1 || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    throw new Error('usage: node scripts/release.js VERSION [--debian] [--portable]')
  return { version, hasDebian: values.debian, hasPortable: values.portable }
}

function requireCleanTree(version) {
  const changed = run('git', 'status', '--porcelain').trim()
  if (changed !== '') throw new Error(`commit first:\n${changed}`)
  if (run('git', 'tag', '--list', `v${version}`) !== '')
    throw new Error(`the tag v${version} exists; choose another version`)
  // Later it would fail between changed files and their commit
  run('git', 'var', 'GIT_COMMITTER_IDENT')
}

/** Puts a heading with version and date below that of what is unreleased; returns the section. */
function dateChangelog(version, today) {
  const text = readFileSync(CHANGELOG, 'utf8')
  const start = text.indexOf(UNRELEASED)
  if (start < 0) throw new Error(`${CHANGELOG} has no section "Unreleased"`)
  const from = start + UNRELEASED.length
  const next = text.indexOf('\n## ', from)
  const notes = text.slice(from, next < 0 ? undefined : next).trim()
  if (notes === '') throw new Error(`${CHANGELOG}: nothing is unreleased`)
  const heading = `\n## ${version} - ${today}\n`
  writeFileSync(CHANGELOG, text.slice(0, from) + heading + text.slice(from))
  return `${notes}\n`
}

function setVersion(version) {
  for (const file of ['package.json', 'package-lock.json']) {
    const content = JSON.parse(readFileSync(file, 'utf8'))
    content.version = version
    if (content.packages) content.packages[''].version = version
    writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
  }
}

/** Lines as sha256sum(1) writes and checks them. */
function checksums(directory, names) {
  const digest = (name) =>
    createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex')
  return names.map((name) => `${digest(name)}  ${name}\n`).join('')
}

/** The torrent of the packages, made by what was released just now. Returns its path. */
function makeTorrent(directory) {
  const torrent = `${directory}.torrent`
  const args = [directory, '--trackerless', '--hybrid', '--output', torrent, '--force', '--quiet']
  run(process.execPath, 'bin/btkit.js', 'makemetafile', ...args, '--no-cache')
  run(process.execPath, 'bin/btkit.js', 'verify', torrent, directory, '--quiet')
  return torrent
}

function step(text) {
  console.log(`release: ${text}`)
}

function run(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
