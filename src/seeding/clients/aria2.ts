import { setTimeout } from 'node:timers/promises'
import {
  clientInfoHash,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from '../../core/publish/client.js'
import { BtkitError } from '../../base/errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { InfoHash } from '../../metainfo/values.js'
import { quoteText } from '../../base/text/escape.js'
import { partBySize } from './batches.js'
import { asInfoHash, asList, asNumber, asObject, asText, type JsonObject } from './http-call.js'
import { RemoteClient } from './remote-client.js'

/** Larger than the number of downloads in a list. */
const ALL = 1_000_000

/** How often to check whether downloads have stopped, and the pause between checks. */
const LAST_LOOKS = 20
const LAST_PAUSE_MS = 100

/** Largest call in bytes before another call is made. aria2's default limit is 2 MiB. */
const CALL_SIZE = 1024 * 1024

/** The error message of each call with a wrong secret. */
const UNAUTHORIZED = 'Unauthorized'

/** aria2's error for a torrent without pieces of version 1. */
const NO_PIECES = /missing pieces/i

type Call = readonly [method: string, ...params: unknown[]]

/**
 * Controls aria2 by JSON-RPC. aria2 can treat the data of a torrent as verified. It cannot look for
 * data, and creates missing files.
 */
export class Aria2Client extends RemoteClient implements TorrentClient {
  readonly looksBeforeStart = false
  /** Largest request that it accepts, in bytes; 0 if it does not say. */
  #sizeLimit: number | null = null

  async version(): Promise<string> {
    const { version } = asObject(await this.#call('aria2.getVersion'))
    return `aria2 ${asText(version)}`
  }

  async list(only: readonly InfoHash[] = []): Promise<readonly ClientTorrent[]> {
    const calls = only.map((infoHash) => ['aria2.tellStatus', gidOf(infoHash), KEYS] as const)
    const own = (await this.#tryAll(calls)).map(asObject)
    // A torrent that it has from elsewhere has another identifier
    const isAll = own.length > 0 && own.every(({ infoHash }, i) => infoHash === only[i])
    const downloads = (isAll ? own : await this.#downloads(KEYS)).filter(({ infoHash, status }) => {
      // Some are only listed because of their results
      return infoHash !== undefined && status !== 'removed' && status !== 'complete'
    })
    return this.torrentsOf(downloads, readTorrent)
  }

  async add(torrents: readonly PublishedTorrent[]): Promise<(BtkitError | null)[]> {
    const option = 'rpc-max-request-size'
    this.#sizeLimit ??= asNumber(asObject(await this.#call('aria2.getGlobalOption'))[option])
    const limit = this.#sizeLimit || Infinity
    const failures: (BtkitError | null)[] = []
    for (const part of partBySize(torrents, callSize, Math.min(limit, CALL_SIZE))) {
      const size = part.length === 1 && part[0] ? callSize(part[0]) : 0
      // aria2 would close the connection
      if (size > limit) failures.push(this.tooLarge(size, limit, option))
      else failures.push(...(await this.#addAtOnce(part)))
    }
    return failures
  }

  async #addAtOnce(torrents: readonly PublishedTorrent[]): Promise<(BtkitError | null)[]> {
    const gids = torrents.map(({ metainfo }) => gidOf(clientInfoHash(metainfo)))
    // Remains of an earlier download would keep its identifier
    await this.#forget(gids)
    const failures = torrents.map(({ metainfo }) => refuseOddNames(metainfo, this.label))
    const taken = [...torrents.entries()].filter(([i]) => !failures[i])
    const some = taken.map(([, torrent]) => torrent)
    const looks = some.map(({ metainfo }): Call => {
      return ['aria2.tellStatus', gidOf(clientInfoHash(metainfo)), ['infoHash']]
    })
    const answers = await this.#multicall([...some.map(addCall), ...looks])
    for (const [n, [i, { metainfo }]] of taken.entries()) {
      failures[i] = Array.isArray(answers[n])
        ? await this.#misreadOf(metainfo, answers[taken.length + n])
        : await this.#refusalOf(metainfo, answers[n])
    }
    return failures
  }

  /** The error for a torrent that aria2 did not add. aria2 1.36 opens none of version 2. */
  async #refusalOf(metainfo: Metainfo, answer: unknown): Promise<BtkitError> {
    const failure = this.#failureOf(answer)
    const isUnreadable = metainfo.version === 'v2' && NO_PIECES.test(failure.message)
    return isUnreadable ? this.unopened(metainfo, 'it looks for pieces of version 1') : failure
  }

  /**
   * Removes a torrent that aria2 added under another info hash, where no peer would look for it.
   * aria2 1.36 does so with hybrids.
   */
  async #misreadOf(metainfo: Metainfo, answer: unknown): Promise<BtkitError | null> {
    const { infoHash } = asObject(asList(answer)[0])
    const expected = clientInfoHash(metainfo)
    if (infoHash === undefined || infoHash === expected) return null
    await this.#forget([gidOf(expected)])
    return this.unopened(metainfo, `it takes ${asText(infoHash)} for its info hash`)
  }

  /** Removes downloads and their remains, whatever their info hashes. */
  async #forget(gids: readonly string[]): Promise<void> {
    await this.#tryAll(gids.map((gid) => ['aria2.forceRemove', gid]))
    await this.#tryAll(gids.map((gid) => ['aria2.removeDownloadResult', gid]))
  }

  /** Starting a running download is an error that is ignored. */
  async start(infoHashes: readonly InfoHash[]): Promise<void> {
    await this.#tryAll(infoHashes.map((infoHash) => ['aria2.unpause', gidOf(infoHash)]))
  }

  async remove(infoHashes: readonly InfoHash[]): Promise<void> {
    const wanted = new Set<string>(infoHashes)
    const all = await this.#downloads(['gid', 'infoHash'])
    const own = all.filter(({ infoHash }) => wanted.has(asText(infoHash)))
    const gids = own.map(({ gid }) => asText(gid))
    // Not forced, so that trackers are notified
    await this.#tryAll(gids.map((gid) => ['aria2.remove', gid]))
    await this.#whenStopped(gids)
    await this.#forget(gids)
  }

  /** Waits a limited time until downloads have notified their trackers. */
  async #whenStopped(gids: readonly string[]): Promise<void> {
    for (let i = 0; i < LAST_LOOKS; i++) {
      const calls = gids.map((gid) => ['aria2.tellStatus', gid, ['status']] as const)
      const statuses = (await this.#tryAll(calls)).map((answer) => asObject(answer)['status'])
      if (!statuses.includes('active')) return
      await setTimeout(LAST_PAUSE_MS, undefined, { signal: this.options.signal }).catch(() => null)
    }
  }

  /** Returns all downloads in any state, with the requested values. */
  async #downloads(keys: readonly string[]): Promise<JsonObject[]> {
    const answers = await this.#multicall([
      ['aria2.tellActive', keys],
      ['aria2.tellWaiting', 0, ALL, keys],
      ['aria2.tellStopped', 0, ALL, keys],
    ])
    return answers.flatMap((answer) => {
      const [list] = asList(answer)
      if (!Array.isArray(list)) throw this.#failureOf(answer)
      return list.map(asObject)
    })
  }

  /**
   * Makes several calls in one. Ignores errors of single calls, such as for a state that is already
   * reached.
   */
  async #tryAll(calls: readonly Call[]) {
    return (await this.#multicall(calls)).map((result) => asList(result)[0])
  }

  /**
   * Makes several calls in one. The answer to each is a list of one value, or an error.
   * @throws BtkitError `unreachable` if aria2 refuses the login, which it does for each call
   */
  async #multicall(calls: readonly Call[]): Promise<readonly unknown[]> {
    if (calls.length === 0) return []
    const methods = calls.map(([methodName, ...params]) => {
      return { methodName, params: [...this.#token(), ...params] }
    })
    const answers = asList(await this.#send('system.multicall', [methods]))
    if (answers.length !== calls.length) throw this.badAnswer('not one for each call')
    const refusal = answers.find((answer) => asObject(answer)['message'] === UNAUTHORIZED)
    if (refusal !== undefined) throw this.#failureOf(refusal)
    return answers
  }

  #call(method: string, ...params: unknown[]): Promise<unknown> {
    return this.#send(method, [...this.#token(), ...params])
  }

  #token(): string[] {
    return this.address.password === '' ? [] : [`token:${this.address.password}`]
  }

  async #send(method: string, params: readonly unknown[]): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'btkit', method, params })
    const answer = await this.http({ body })
    const { result, error } = asObject(this.parse(answer))
    if (error !== undefined) throw this.#failureOf(error)
    if (!answer.isOk) throw this.badStatus(answer)
    if (result === undefined) throw this.badAnswer('not that of aria2')
    return result
  }

  /** Converts the error of a failed call. */
  #failureOf(answer: unknown): BtkitError {
    const message = asText(asObject(answer)['message'])
    if (message === UNAUTHORIZED) return this.refusedLogin()
    return this.failure(message || 'returned an error without a message')
  }
}

const CONTROL = /[\0-\x1f\x7f]/

/**
 * Refuses names with control characters. aria2 replaces these characters, and creates files of
 * other names.
 */
function refuseOddNames({ name, files }: Metainfo, label: string): BtkitError | null {
  const odd = [name, ...files.flatMap(({ path }) => path)].find((each) => CONTROL.test(each))
  if (odd === undefined) return null
  const why = 'aria2 changes names with control characters'
  return new BtkitError('client', `${label}: ${quoteText(odd)}: ${why}`)
}

function addCall({ metainfo, directory }: PublishedTorrent): Call {
  const options = {
    gid: gidOf(clientInfoHash(metainfo)),
    dir: directory,
    pause: 'true',
    'bt-seed-unverified': 'true',
    'check-integrity': 'false',
    'file-allocation': 'none',
    'rpc-save-upload-metadata': 'false',
    'seed-ratio': '0.0',
  }
  return ['aria2.addTorrent', Buffer.from(metainfo.bytes).toString('base64'), [], options]
}

/** Estimates the bytes of the call that adds a torrent. */
function callSize({ metainfo, directory }: PublishedTorrent): number {
  return 1000 + 4 * Math.ceil(metainfo.bytes.length / 3) + 6 * directory.length
}

/** The requested values of a download. */
const KEYS = [
  'gid',
  'status',
  'totalLength',
  'completedLength',
  'uploadLength',
  'uploadSpeed',
  'downloadSpeed',
  'connections',
  'dir',
  'infoHash',
  'bittorrent',
  'errorMessage',
  'verifiedLength',
  'verifyIntegrityPending',
]

/**
 * The prefix of download identifiers that btkit chose; they have 16 hexadecimal digits. The first
 * digits of the torrent's info hash follow. The prefix marks btkit's downloads, because aria2 has
 * no labels.
 */
const GID_PREFIX = 'b7'

/** Returns the identifier that btkit gives a torrent's download. */
function gidOf(infoHash: InfoHash): string {
  return GID_PREFIX + infoHash.slice(0, 16 - GID_PREFIX.length)
}

/** Converts a download with the values of KEYS to the common form of all clients. */
function readTorrent(download: JsonObject): ClientTorrent {
  const infoHash = asInfoHash(download['infoHash'])
  const size = asNumber(download['totalLength'])
  const info = asObject(asObject(download['bittorrent'])['info'])
  return {
    infoHash,
    name: asText(info['name']),
    directory: asText(download['dir']),
    isMarked: asText(download['gid']) === gidOf(infoHash),
    state: readState(download),
    message: asText(download['errorMessage']) || null,
    size,
    bytesDone: asNumber(download['completedLength']),
    peers: asNumber(download['connections']),
    uploadRate: asNumber(download['uploadSpeed']),
    downloadRate: asNumber(download['downloadSpeed']),
    ratio: size === 0 ? 0 : asNumber(download['uploadLength']) / size,
  }
}

function readState(download: JsonObject): ClientTorrent['state'] {
  const { status, verifiedLength, verifyIntegrityPending } = download
  if (status === 'error') return 'error'
  if (verifiedLength !== undefined || verifyIntegrityPending === 'true') return 'checking'
  if (status === 'paused') return 'stopped'
  const isWhole = download['completedLength'] === download['totalLength']
  if (status === 'waiting' && isWhole) return 'queued'
  return isWhole ? 'seeding' : 'downloading'
}
