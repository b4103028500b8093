import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { collect } from './executable.js'
import { findPeer } from './peers.js'
import { makeOpenScratch, unprivileged } from './unprivileged.js'

/** An info hash, as bytes, that only asks whether the tracker is ready. */
const PROBE = 'btkit-asks-readiness'

/** How long it may run by default, in milliseconds. */
const TIMEOUT = 60_000

/** A port on which nothing listens, for a program that can't choose one itself. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export interface OpentrackerWish {
  readonly port: number
  /** The info hashes that it is to know, in hexadecimal. */
  readonly known: readonly string[]
  /** Variables beside PATH. */
  readonly env?: Readonly<Record<string, string>>
  /** How long it may run, in milliseconds. */
  readonly timeout?: number
}

/** Runs an opentracker at `http://127.0.0.1:<port>/announce` until the test ends. */
export async function startOpentracker(
  t: TestContext,
  port: number,
  ...known: readonly string[]
): Promise<void> {
  await spawnOpentracker(t, { port, known })
}

/**
 * The same, and returns it. Debian's knows only the info hashes that it is given, and refuses to
 * stay root.
 */
export async function spawnOpentracker(
  t: TestContext,
  { port, known, env = {}, timeout = TIMEOUT }: OpentrackerWish,
): Promise<ChildProcess> {
  const infoHashes = [...known, Buffer.from(PROBE).toString('hex')]
  const directory = makeOpenScratch(t, { whitelist: `${infoHashes.join('\n')}\n` })
  const place = ['-i', '127.0.0.1', '-p', `${port}`, '-P', `${port}`, '-d', '/']
  const options = [...place, '-w', join(directory, 'whitelist')]
  // By its real path: links in the search path may lie where others can't go
  const program = realpathSync(findPeer('opentracker') ?? 'opentracker')
  const child = spawn(program, options, {
    ...unprivileged,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout,
    killSignal: 'SIGKILL',
  })
  t.after(() => child.kill('SIGKILL'))
  const ended = collect(child)
  while (!(await isReady(port))) {
    if (child.exitCode !== null || child.signalCode !== null) assert.fail((await ended).stderr)
    await setTimeout(10)
  }
  return child
}

/** Whether the tracker answers, and has read which info hashes it is to know. */
async function isReady(port: number): Promise<boolean> {
  const query = `info_hash=${PROBE}&peer_id=${PROBE}&port=1&uploaded=0&downloaded=0&left=0`
  try {
    const response = await fetch(`http://127.0.0.1:${port}/announce?${query}`)
    return !(await response.text()).includes('failure reason')
  } catch {
    return false
  }
}
