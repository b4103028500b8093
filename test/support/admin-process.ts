import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { plantUsers, visitsOf } from './admin.js'
import { KILLED_AT_STEP, startExecutable } from './executable.js'

/**
 * Tracks `t` and `archive` below a directory, which has `state`, `users` and the files in `data`.
 */
export async function startAdminProcess(t: TestContext, root: string) {
  const killAt = join(root, 'kill-at')
  rmSync(killAt, { force: true })
  const users = join(root, 'users')
  const args = [
    ...['--host', '127.0.0.1', '--port', '0', '--no-udp', '--state-dir', join(root, 'state')],
    ...['--allowed-dir', join(root, 't'), '--archive-dir', join(root, 'archive')],
    ...['--admin-users', existsSync(users) ? users : plantUsers(root)],
    ...['--admin-listen', '127.0.0.1:0', '--make-from', join(root, 'data')],
  ]
  const env = { NODE_OPTIONS: `--import ${KILLED_AT_STEP}`, BTKIT_TEST_KILL: killAt }
  const child = startExecutable('btkit', ['track', ...args], { env })
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  t.after(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  let printed = ''
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    printed += chunk.toString()
    if (/^state:/m.test(printed)) break
  }
  const visits = visitsOf(printed)
  if (visits.pages === '') throw new Error(`it did not start: ${stderr}`)
  return {
    logIn: visits.logIn,
    stderr: () => stderr,
    /** Kills it at its step of this number, counted from now. */
    killAtStep: (step: number) => {
      writeFileSync(killAt, String(step))
    },
    /** Lets it live, and counts from 1 again. */
    spare: () => {
      rmSync(killAt, { force: true })
    },
    /** Resolves when it has ended, with its signal. */
    ended: async () => (await ended)[1],
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
