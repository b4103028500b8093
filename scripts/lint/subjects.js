// Fails if the subject of a commit is too long for the lists that show it: the newest commit, and
// all that are not on main yet. Without git or a history there is nothing to check.
import { spawnSync } from 'node:child_process'

const MOST = 72
const MAINS = ['main', 'origin/main']

const git = (...args) => {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n').filter((line) => line !== '') : []
}

const known = MAINS.filter((name) => git('rev-parse', '--verify', '--quiet', name).length > 0)
const newest = git('log', '-1', '--format=%s')
const unmerged = known.length > 0 ? git('log', '--format=%s', 'HEAD', '--not', ...known) : []
const long = new Set([...newest, ...unmerged].filter((subject) => subject.length > MOST))
for (const subject of long)
  console.log(`a commit's subject has ${subject.length} characters, and ${MOST} fit: ${subject}`)
process.exitCode = long.size > 0 ? 1 : 0
