import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { makeScratch } from '../support/scratch.js'

const LINT = resolve('scripts/lint/subjects.js')

test('a long subject of a branch fails the lint, and one that is on main does not', (t) => {
  const directory = makeScratch(t, { a: '1' })
  const git = (...args: string[]) => {
    const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.org']
    execFileSync('git', [...author, ...args], { cwd: directory, stdio: 'ignore' })
  }
  const commit = (subject: string) => {
    git('commit', '--allow-empty', '-m', subject)
  }
  const lint = () => spawnSync(process.execPath, [LINT], { cwd: directory, encoding: 'utf8' })
  git('init', '-b', 'main')
  commit('x'.repeat(73))
  commit('y'.repeat(72))
  assert.deepEqual([lint().status, lint().stdout], [0, ''])
  git('switch', '-c', 'work')
  commit('z'.repeat(73))
  commit('short')
  const { status, stdout } = lint()
  assert.equal(status, 1)
  assert.equal(stdout.trim().split('\n').length, 1)
  assert.match(stdout, /^a commit's subject has 73 characters, and 72 fit: z+\n$/)
})
