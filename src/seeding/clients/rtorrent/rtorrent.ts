import { setTimeout } from 'node:timers/promises'
import { mapLimited } from '../../../base/concurrency.js'
import {
  MARK,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from '../../../core/publish/client.js'
import { BtkitError, nameErrors, awaitOr } from '../../../base/errors.js'
import { count } from '../../../base/text/quantity.js'
import { announceUrls } from '../../../metainfo/trackers.js'
import { CALLS_AT_ONCE, partBySize } from '../batches.js'
import { asText, refuseDense, XML_MARKS } from '../http-call.js'
import { isBefore, RemoteClient } from '../remote-client.js'
import {
  FIELDS,
  FIELDS_WITH_SETTINGS,
  quoteWord,
  readTorrent,
  SEEDED_FIELD,
  seededHashes,
  settingCommands,
} from './rows.js'
import { callScgi } from './scgi.js'
import {
  decodeResponse,
  encodeCall,
  faultOf,
  type XmlRpcStruct,
  type XmlRpcValue,
} from './xml-rpc.js'
import { encodeBencode } from '../../../metainfo/bencode/encode.js'
import type { BencodeDict } from '../../../metainfo/bencode/value.js'
import { spliceTorrent } from '../../../metainfo/edit/splice-torrent.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { InfoHash } from '../../../metainfo/values.js'

/** Largest call in bytes before another call is made: rtorrent's default limit. */
const CALL_SIZE = 512 * 1024

/** Size of an empty multicall in bytes. */
const EMPTY_SIZE = sizeOfCall('system.multicall', [[]])

/** Pause in milliseconds before asking again whether a check of data has ended. */
const CHECK_PAUSE_MS = 200

/**
 * Number of files whose sizes are requested at once, because the length of command lines is
 * limited.
 */
const FILES_AT_ONCE = 200

/** The most torrents that are asked for one by one; of more, it sends its whole list. */
const FEW = 100

/** The reason for refusing a torrent without a tracker. */
const TRACKERLESS = 'it has no tracker, and dht.mode is "disable"'

/** The result of the call for a torrent that is being checked. */
const CHECKING = 'checking'

/**
 * Controls rtorrent by XML-RPC over SCGI or HTTP. rtorrent treats data as verified if the torrent
 * contains rtorrent's own resume data with the right file times.
 */
export class RtorrentClient extends RemoteClient implements TorrentClient {
  readonly looksBeforeStart = false
  /** The largest call in bytes that rtorrent accepts; null before it was asked. */
  #sizeLimit: number | null = null

  async version(): Promise<string> {
    return `rtorrent ${asText(await this.#call('system.client_version'))}`
  }

  async list(only: readonly InfoHash[] = []): Promise<readonly ClientTorrent[]> {
    if (only.length > 0 && only.length <= FEW) return this.#listEach(only)
    const fields = only.length > 0 ? FIELDS_WITH_SETTINGS : FIELDS
    const rows = await this.#call('d.multicall2', '', 'main', ...fields)
    return this.torrentsOf(this.#rowsOf(rows), readTorrent)
  }

  /** Asks for these torrents, and leaves out those that it does not have. */
  async #listEach(infoHashes: readonly InfoHash[]): Promise<readonly ClientTorrent[]> {
    const calls = infoHashes.flatMap((infoHash) =>
      FIELDS_WITH_SETTINGS.map((field): XmlRpcStruct => {
        return { methodName: field.replace('=', ''), params: [infoHash.toUpperCase()] }
      }),
    )
    const values = await this.#callAll(calls)
    const { length: width } = FIELDS_WITH_SETTINGS
    const rows = infoHashes.map((_, i) => {
      const row = values.slice(i * width, (i + 1) * width)
      // Each value is in a list of its own
      return row.flatMap((value) => (Array.isArray(value) ? value : []) as XmlRpcValue[])
    })
    const known = rows.filter(({ length }) => length === width)
    return this.torrentsOf(known, readTorrent)
  }

  #rowsOf(rows: XmlRpcValue): readonly (readonly XmlRpcValue[])[] {
    const isTable = Array.isArray(rows) && rows.every((row) => Array.isArray(row))
    if (isTable) return rows as XmlRpcValue[][]
    throw this.badAnswer('no list of torrents')
  }

  async listSeeded(): Promise<ReadonlySet<InfoHash>> {
    const answer = await this.#send(encodeCall('d.multicall2', ['', 'main', SEEDED_FIELD]))
    const infoHashes = seededHashes(answer)
    // The answer may be a fault, or come from another program
    if (infoHashes.size === 0) nameErrors(this.label, () => decodeResponse(answer))
    return infoHashes
  }

  async findData(torrents: readonly PublishedTorrent[]): Promise<(boolean | null)[]> {
    const seen = await this.#seesAll(torrents)
    if (seen !== false || torrents.length === 1) return torrents.map(() => seen)
    return mapLimited(torrents, CALLS_AT_ONCE, (torrent) => this.#seesAll([torrent]))
  }

  /** Makes rtorrent run stat on the files, as the user that it runs as. */
  async #seesAll(torrents: readonly PublishedTorrent[]): Promise<boolean | null> {
    const files = torrents.flatMap(filesOf)
    for (let i = 0; i < files.length; i += FILES_AT_ONCE) {
      const some = files.slice(i, i + FILES_AT_ONCE)
      const found = await this.#sizes(some.map(({ path }) => path))
      if (found === null) return null
      if (found !== some.map(({ length }) => `${length}\n`).join('')) return false
    }
    return true
  }

  /**
   * Refuses torrents with pad files if rtorrent needs these on the disk: 0.9.8 would miss them, and
   * create a directory for them. Refuses torrents without a tracker if they cannot use the DHT,
   * because rtorrent would drop them without a word.
   */
  async objection({ metainfo, directory }: PublishedTorrent): Promise<BtkitError | null> {
    if (directory === null) return this.failure('it downloads from no web seed')
    if (metainfo.version === 'v2') return this.unopened(metainfo, 'it opens version 1 only')
    const isPadded = metainfo.fileList.padCount > 0
    if (isPadded && looksForPadFiles(await this.version())) return this.unopened(metainfo, PADDED)
    if (announceUrls(metainfo).length > 0) return null
    if (metainfo.private) return this.unopened(metainfo, 'it is private and has no tracker')
    const statistics = await awaitOr({}, this.#call('dht.statistics', ''), 'client')
    const isWithoutDht = (statistics as XmlRpcStruct)['dht'] === 'disable'
    return isWithoutDht ? this.unopened(metainfo, TRACKERLESS) : null
  }

  async add(torrents: readonly PublishedTorrent[]): Promise<(BtkitError | null)[]> {
    const results = await this.#callAll(torrents.map(loadCall))
    return results.map((result) => (result instanceof BtkitError ? result : null))
  }

  async mark(infoHashes: readonly InfoHash[]): Promise<void> {
    const calls = infoHashes.map((infoHash): XmlRpcStruct => {
      return { methodName: 'd.custom1.set', params: [infoHash.toUpperCase(), MARK] }
    })
    await this.#requireAll(calls)
  }

  async start(infoHashes: readonly InfoHash[]): Promise<void> {
    const calls = infoHashes.map((infoHash): XmlRpcStruct => {
      return { methodName: 'd.start', params: [infoHash.toUpperCase()] }
    })
    await this.#requireAll(calls)
  }

  /**
   * Waits for torrents that are being checked: removing them would hang rtorrent (see eraseCall).
   */
  async remove(infoHashes: readonly InfoHash[]): Promise<void> {
    const { timeoutMs } = this.options
    let left = infoHashes
    for (let waited = 0; ; waited += CHECK_PAUSE_MS) {
      const results = await this.#requireAll(left.map(eraseCall))
      left = left.filter((_, i) => isChecking(results[i]))
      if (left.length === 0) return
      if (waited >= timeoutMs) {
        const what = count(left.length, 'torrent')
        throw this.failure(`still checks the data of ${what} to be removed; try again later`)
      }
      await setTimeout(CHECK_PAUSE_MS, undefined, { signal: this.options.signal }).catch(() => {
        throw new BtkitError('interrupted', 'interrupted')
      })
    }
  }

  /**
   * Returns the sizes of files as lines, without missing files; null if rtorrent cannot run
   * programs.
   */
  async #sizes(paths: readonly string[]): Promise<string | null> {
    const stat = ['stat', '--dereference', '--printf', '%s\\n', '--', ...paths]
    const sizes = this.#call('execute.capture_nothrow', '', ...stat)
    return awaitOr(null, sizes.then(asText), 'client')
  }

  /** Batches calls, and throws the first error. */
  async #requireAll(calls: readonly XmlRpcStruct[]): Promise<(XmlRpcValue | BtkitError)[]> {
    const results = await this.#callAll(calls)
    const failure = results.find((result) => result instanceof BtkitError)
    if (failure) throw failure
    return results
  }

  /** Batches calls, and returns their results in order. */
  async #callAll(calls: readonly XmlRpcStruct[]): Promise<(XmlRpcValue | BtkitError)[]> {
    this.#sizeLimit ??= Number(asText(await this.#call('network.xmlrpc.size_limit')))
    const limit = this.#sizeLimit
    const sized = calls.map((call) => ({ call, size: sizeOfCall('', [call]) }))
    const room = Math.min(limit, CALL_SIZE) - EMPTY_SIZE
    const results: (XmlRpcValue | BtkitError)[] = []
    for (const part of partBySize(sized, ({ size }) => size, room)) {
      const size = EMPTY_SIZE + (part[0]?.size ?? 0)
      // rtorrent would close the connection
      if (part.length === 1 && size > limit)
        results.push(this.tooLarge(size, limit, 'network.xmlrpc.size_limit'))
      else results.push(...(await this.#callTogether(part.map(({ call }) => call))))
    }
    return results
  }

  /** A fault of all calls is that of one of them: they are made again, each alone. */
  async #callTogether(calls: readonly XmlRpcStruct[]): Promise<(XmlRpcValue | BtkitError)[]> {
    let results: XmlRpcValue
    try {
      results = await this.#call('system.multicall', calls)
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code !== 'client') throw error
      if (calls.length === 1) return [this.#named(error, calls)]
      const each = []
      for (const call of calls) each.push(...(await this.#callTogether([call])))
      return each
    }
    if (!Array.isArray(results) || results.length !== calls.length) {
      throw this.badAnswer('not one for each call')
    }
    return (results as XmlRpcValue[]).map((result) => {
      const fault = faultOf(result)
      return fault === null ? result : this.failure(fault)
    })
  }

  /** Adds to an error the character that xmlrpc-c refuses (beyond U+FFFF). */
  #named(error: BtkitError, calls: readonly XmlRpcStruct[]): BtkitError {
    const [character] = /[\u{10000}-\u{10ffff}]/u.exec(JSON.stringify(calls)) ?? []
    if (character === undefined) return error
    return this.failure(`its XML-RPC refuses ${character} in a path; rename the directory`)
  }

  async #call(method: string, ...params: XmlRpcValue[]): Promise<XmlRpcValue> {
    const answer = await this.#send(encodeCall(method, params))
    return nameErrors(this.label, () => decodeResponse(answer))
  }

  async #send(body: string): Promise<string> {
    const text = await this.#transfer(body)
    refuseDense(text, XML_MARKS, this.label)
    return text
  }

  async #transfer(body: string): Promise<string> {
    const { scgi } = this.address
    if (scgi) return callScgi(scgi, body, this.options)
    const headers = { 'Content-Type': 'text/xml', ...this.basicAuth() }
    const answer = await this.http({ body, headers }).catch((error: unknown) => {
      throw adviseScgi(error, this.address.url)
    })
    if (!answer.isOk) throw this.badStatus(answer)
    return answer.text
  }
}

/** Advises another address if the connection broke off: the port of SCGI knows no HTTP. */
function adviseScgi(error: unknown, url: string): unknown {
  if (!(error instanceof BtkitError)) return error
  const { code } = (error.cause ?? {}) as { readonly code?: unknown }
  if (code !== 'ECONNRESET' && code !== 'EPIPE') return error
  const advice = `if that is the port of SCGI, use scgi://${new URL(url).host}`
  return new BtkitError(error.code, `${error.message}; ${advice}`, { cause: error })
}

/** Returns the paths of a torrent's files for rtorrent, without pad files. */
function filesOf({ metainfo: { name, isDirectory, files }, directory }: PublishedTorrent) {
  const base = `${directory}/${name}`
  return files
    .filter(({ padding }) => !padding)
    .map(({ path, length }) => {
      return { path: isDirectory ? [base, ...path].join('/') : base, length }
    })
}

function loadCall({ metainfo, directory, fileTimes, settings }: PublishedTorrent): XmlRpcStruct {
  const bytes = fileTimes === null ? metainfo.bytes : withResumeData(metainfo, fileTimes)
  const commands = [`d.directory.set=${quoteWord(directory ?? '')}`, `d.custom1.set=${MARK}`]
  return { methodName: 'load.raw', params: ['', bytes, ...commands, ...settingCommands(settings)] }
}

function sizeOfCall(method: string, params: readonly XmlRpcValue[]): number {
  return Buffer.byteLength(encodeCall(method, params))
}

/**
 * Returns a call that removes a torrent unless its data is being checked. Removing it then makes
 * rtorrent 0.9.8 wait for itself forever. Nothing else can happen between the test and the removal.
 */
function eraseCall(infoHash: InfoHash): XmlRpcStruct {
  const params = [infoHash.toUpperCase(), 'd.is_hash_checking=', `cat=${CHECKING}`, 'd.erase=']
  return { methodName: 'branch', params }
}

/** Whether the result of such a call says that the torrent was kept. */
function isChecking(result: XmlRpcValue | BtkitError | undefined): boolean {
  return Array.isArray(result) && asText((result as XmlRpcValue[])[0]) === CHECKING
}

/** The priority of files that rtorrent must never download. */
const PRIORITY_OFF = 0

/** The first minor version of which some builds support pad files; 0.9.8 does not. */
const KNOWN_SINCE = [0, 15] as const

/** The reason for refusing a torrent with pad files. */
const PADDED =
  'the torrent has pad files, which rtorrent expects on disk; use another client, such as qBittorrent'

/**
 * Adds the data to a torrent that rtorrent stores for a verified one: all pieces exist, and the
 * files have these modification times. rtorrent hashes nothing as long as the times match. It never
 * writes to the files, because none is marked for download. `fileTimes` are in seconds since 1970,
 * one for each file.
 */
function withResumeData(metainfo: Metainfo, fileTimes: readonly number[]): Uint8Array {
  const files = metainfo.files.map(({ length }, i): BencodeDict => {
    return new Map([
      ['completed', Math.ceil(length / metainfo.pieceLength)],
      ['mtime', fileTimes[i] ?? 0],
      ['priority', PRIORITY_OFF],
    ])
  })
  const resume: BencodeDict = new Map()
  resume.set('bitfield', metainfo.pieceCount).set('files', files)
  return spliceTorrent(metainfo, { top: new Map([['libtorrent_resume', encodeBencode(resume)]]) })
}

/** Whether this version of rtorrent requires pad files to exist on the disk. */
export function looksForPadFiles(version: string): boolean {
  return isBefore(version, KNOWN_SINCE)
}
