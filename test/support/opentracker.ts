import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { collect } from './programs.js'
import { findPeer } from './peers.js'
import { makeOpenScratch, unprivileged } from './unprivileged.js'
import { until } from './until.js'

/** An info hash, as bytes, that only asks whether the tracker is ready. */
const PROBE = 'btkit-asks-readiness'

/** How long it may run by default, in milliseconds. */
const TIMEOUT = 60_000

/**
 * Ports that no system gives by itself: neither to whoever listens on port 0 nor to a connection,
 * so that nothing takes one between the time it is found free and the time it is used.
 */
const [LEAST_PORT, PORT_LIMIT] = [12_000, 32_000]

/** A port on which nothing listens, for a program that can't choose one itself. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LEAST_PORT, PORT_LIMIT)
    const server = createServer()
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening')
    } catch {
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
}

/**
 * Asks a tracker on a connection of its own: opentracker closes kept ones when it likes, also while
 * a request is on its way.
 */
export async function fetchAlone(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text()
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
  await until('opentracker answers', async () => {
    if (child.exitCode !== null || child.signalCode !== null) assert.fail((await ended).stderr)
    return isReady(port)
  })
  return child
}

/** Whether the tracker answers, and has read which info hashes it is to know. */
async function isReady(port: number): Promise<boolean> {
  const query = `info_hash=${PROBE}&peer_id=${PROBE}&port=1&uploaded=0&downloaded=0&left=0`
  try {
    const answer = await fetchAlone(`http://127.0.0.1:${port}/announce?${query}`)
    return !answer.includes('failure reason')
  } catch {
    return false
  }
}
