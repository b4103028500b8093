// The builds that are measured: this checkout's, and that of another commit.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** The programs of this build, `now`, and of a commit if one is named, `before`. */
export function findBuilds(commit) {
  const before = commit === undefined ? {} : { before: buildOf(commit) }
  return { ...before, now: programIn(checkout) }
}

export function describeBuild(commit) {
  return git('rev-parse', '--short', commit)
}

/**
 * The built commit, with the packages of this checkout. It is kept for the next run on this version
 * of Node, whose compiled code it holds.
 */
function buildOf(commit) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'btkit-bench')
  const hash = git('rev-parse', '--verify', `${commit}^{commit}`)
  const kept = join(cache, `${hash}-node-${process.version}`)
  const isKept = existsSync(kept)
  console.error(`${describeBuild(commit)}: ${isKept ? 'built before' : 'is built'} in ${kept}`)
  if (!isKept) build(commit, cache, kept)
  linkPackages(kept)
  return programIn(kept)
}

/** A build that is stopped or fails leaves nothing at its place. */
function build(commit, cache, kept) {
  mkdirSync(cache, { recursive: true })
  const draft = mkdtempSync(join(cache, 'draft-'))
  try {
    const archive = execFileSync('git', ['archive', commit], { cwd: checkout, maxBuffer: 2 ** 30 })
    execFileSync('tar', ['x', '-C', draft], { input: archive })
    linkPackages(draft)
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: draft, stdio: 'inherit' })
    programIn(draft)
    renameSync(draft, kept)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function linkPackages(directory) {
  const link = join(directory, 'node_modules')
  rmSync(link, { force: true })
  symlinkSync(join(checkout, 'node_modules'), link)
}

function programIn(directory) {
  const path = join(directory, 'bin/btkit.js')
  if (!existsSync(join(directory, 'dist/bundle/main.cjs')))
    throw new Error(`${directory}: not built; run npm run build`)
  return path
}

function git(...args) {
  return execFileSync('git', args, { cwd: checkout, encoding: 'utf8' }).trim()
}
