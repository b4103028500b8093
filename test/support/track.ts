import type { TestContext } from 'node:test'
import { join } from 'node:path'
import { readBencode } from '../../src/metainfo/bencode/read.js'
import type { BencodeDict } from '../../src/metainfo/bencode/value.js'
import type { Io } from '../../src/cli/io.js'
import { type RunningCommand, startBtkit } from './run-btkit.js'
import { makeScratch } from './scratch.js'

/** A `btkit track` that runs inside the test. */
export interface RunningTrack extends RunningCommand {
  /** Such as `http://127.0.0.1:12345`. */
  readonly address: string
  readonly port: number
  readonly stateFile: string
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
  const where = args.includes('--host') ? [] : ['--host', '127.0.0.1']
  const port = args.includes('--port') ? [] : ['--port', '0']
  const isLimited = args.some((arg) => /^--allowed[-_](?:dir|list)/.test(arg))
  const open = program === 'bttrack' || isLimited || args.includes('--open') ? [] : ['--open']
  const command = program === 'btkit' ? ['track'] : []
  // Room for a million, as usual, costs more time than most tests take
  const room = args.includes('--max-peers') ? [] : ['--max-peers', '10000']
  const all = [...command, ...where, ...port, ...open, ...room, '--dfile', stateFile, ...args]
  const running = startBtkit(t, all, {
    now: () => Date.now(),
    ...io,
    program,
    subcommand: program === 'btkit' ? null : 'track',
  })
  const address = await running.said(/address: +(https?:\S+)\/announce\n[^]*state:/)
  const get = (path: string, init?: RequestInit) => fetch(address + path, init)
  return {
    ...running,
    address,
    port: Number(address.split(':').at(-1)),
    stateFile,
    get,
    ask: async (path, init) => {
      return decodeAnswer(new Uint8Array(await (await get(path, init)).arrayBuffer()))
    },
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
