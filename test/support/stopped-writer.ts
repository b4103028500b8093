import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'node:test'
import { until } from './until.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Stops in the middle of a write, as btkit would if it got SIGSTOP then. */
const PROGRAM = `
import { openDatabase, transact } from ${JSON.stringify(at('../../src/disk/cache/sqlite.js'))}
const [path] = process.argv.slice(1)
const database = openDatabase(path)
transact(database, () => {
  database.exec("insert into records values (x'7878', 20000, x'79')")
  process.stdout.write('writing')
  process.kill(process.pid, 'SIGSTOP')
})
database.close()`

/** A process that is stopped while it writes to a cache. */
export interface StoppedWriter {
  readonly isStopped: () => boolean
  /** Lets it go on, and waits for its end. */
  readonly goOn: () => Promise<void>
}

/** Starts a process that stops while it writes to a cache; a minute later it is killed. */
export async function stopWhileWriting(t: TestContext, path: string): Promise<StoppedWriter> {
  const node = [process.execPath, '--input-type=module', '--eval', PROGRAM, path]
  const child = spawn('timeout', ['--foreground', '-s', 'KILL', '60', ...node], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: at('.'),
  })
  const isStopped = () => child.exitCode === null && child.signalCode === null
  const ended = once(child, 'exit')
  const own = () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
  const goOn = async () => {
    if (!isStopped()) return
    process.kill(Number(own()), 'SIGCONT')
    await ended
  }
  t.after(goOn)
  await once(child.stdout, 'data')
  // It writes before it stops: a SIGCONT in between would be lost
  await until('it stopped', () => / T /.test(readFileSync(`/proc/${own()}/stat`, 'utf8')))
  return { isStopped, goOn }
}
