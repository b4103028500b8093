import type { TestContext } from 'node:test'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { readBencode } from '../../src/metainfo/bencode/read.js'
import type { BencodeDict } from '../../src/metainfo/bencode/value.js'
import type { Io } from '../../src/cli/io.js'
import { Captured, runBtkit, type RunResult } from './run-btkit.js'
import { makeScratch } from './scratch.js'

/** A `btkit track` that runs inside the test. */
export interface RunningTrack {
  /** Such as `http://127.0.0.1:12345`. */
  readonly address: string
  readonly port: number
  readonly stateFile: string
  readonly stdout: Captured
  readonly stderr: Captured
  /** Sends SIGHUP and SIGUSR1. */
  readonly hangUp: () => void
  readonly reopen: () => void
  /** Sends SIGTERM, and resolves with what the program came to. */
  readonly stop: () => Promise<RunResult>
  /** The answer to a request for a path. */
  readonly get: (path: string, init?: RequestInit) => Promise<Response>
  /** The dictionary that is answered to a request for a path. */
  readonly ask: (path: string, init?: RequestInit) => Promise<BencodeDict>
}

export interface TrackSetup {
  /** Options beside `--port 0 --host 127.0.0.1` and those of the state. */
  readonly args?: readonly string[]
  /** Where the state is, to go on with the same. */
  readonly stateFile?: string
  /** By which name the program is called. */
  readonly program?: 'btkit' | 'bttrack'
  readonly io?: Partial<Io>
}

/** Tracks until the test ends. */
export async function startTrack(t: TestContext, setup: TrackSetup = {}): Promise<RunningTrack> {
  const { args = [], program = 'btkit', io = {} } = setup
  const stateFile = setup.stateFile ?? join(makeScratch(t), 'state')
  const [stdout, stderr] = [new Captured(), new Captured()]
  const stopping = new AbortController()
  const on: Record<'hangUp' | 'reopen', () => void> = { hangUp: String, reopen: String }
  const where = args.includes('--host') ? [] : ['--host', '127.0.0.1']
  const port = args.includes('--port') ? [] : ['--port', '0']
  const isLimited = args.some((arg) => /^--allowed[-_](?:dir|list)/.test(arg))
  const open = program === 'bttrack' || isLimited || args.includes('--open') ? [] : ['--open']
  const command = program === 'btkit' ? ['track'] : []
  const ended = runBtkit([...command, ...where, ...port, ...open, '--dfile', stateFile, ...args], {
    now: () => Date.now(),
    onHangup: (act) => {
      on.hangUp = act
    },
    onReopen: (act) => {
      on.reopen = act
    },
    ...io,
    stdout,
    stderr,
    signal: stopping.signal,
    program,
    subcommand: program === 'btkit' ? null : 'track',
  })
  const stop = async () => {
    stopping.abort()
    const { status } = await ended
    return { status, stdout: stdout.text, stderr: stderr.text, bytes: stdout.bytes }
  }
  t.after(stop)
  const address = await findAddress({ stdout, stderr }, ended)
  const get = (path: string, init?: RequestInit) => fetch(address + path, init)
  return {
    address,
    port: Number(address.split(':').at(-1)),
    stateFile,
    stdout,
    stderr,
    hangUp: () => {
      on.hangUp()
    },
    reopen: () => {
      on.reopen()
    },
    stop,
    get,
    ask: async (path, init) => {
      return decodeAnswer(new Uint8Array(await (await get(path, init)).arrayBuffer()))
    },
  }
}

async function findAddress(
  output: { readonly stdout: Captured; readonly stderr: Captured },
  ended: Promise<RunResult>,
): Promise<string> {
  const end = { isReached: false }
  void ended.then(() => {
    end.isReached = true
  })
  for (;;) {
    const address = /address: +(https?:\S+)\/announce\n[^]*state:/.exec(output.stdout.text)?.[1]
    if (address) return address
    if (end.isReached) throw new Error(`track did not start: ${output.stderr.text}`)
    await setTimeout(5)
  }
}

/** The query of an announce; the hash is in hexadecimal, the peer id made of a name. */
export function announceQuery(
  infoHash: string,
  { peer = 'peer', ...fields }: Readonly<Record<string, string | number>> & { peer?: string } = {},
): string {
  const parameters = {
    info_hash: infoHash.replace(/../g, '%$&'),
    peer_id: peer.padEnd(20, '-'),
    port: 6881,
    left: 0,
    ...fields,
  }
  return `/announce?${Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')}`
}

/** The dictionary in an answer. */
export function decodeAnswer(bytes: Uint8Array): BencodeDict {
  return readBencode(bytes, { maxSize: 2 ** 24, maxDepth: 20 }).value as BencodeDict
}

/** Peers of a compact answer, as `a.b.c.d:port`. */
export function compactPeers(answer: BencodeDict): string[] {
  const bytes = Buffer.from((answer.get('peers') ?? new Uint8Array()) as Uint8Array)
  return Array.from({ length: bytes.length / 6 }, (_, i) => {
    const at = 6 * i
    return `${bytes.subarray(at, at + 4).join('.')}:${bytes.readUInt16BE(at + 4)}`
  }).sort()
}

/** A text in an answer, such as its `failure reason`. */
export function textIn(answer: BencodeDict, key: string): string | undefined {
  const value = answer.get(key)
  return value instanceof Uint8Array ? Buffer.from(value).toString() : undefined
}
