import { mapLimited } from '../../base/concurrency.js'
import {
  clientInfoHash,
  MARK,
  type ClientSettings,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from '../../core/publish/client.js'
import type { BtkitError } from '../../base/errors.js'
import type { InfoHash } from '../../metainfo/values.js'
import { asInfoHash } from './http-call.js'
import { CALLS_AT_ONCE, failuresOfEach } from './batches.js'
import {
  asList,
  asNumber,
  asObject,
  asText,
  type HttpAnswer,
  type HttpCall,
  type JsonObject,
} from './http-call.js'
import { CHANGED_BY_LIBTORRENT, isBefore, RemoteClient } from './remote-client.js'

type Body = HttpCall['body']

/** Most torrents whose trackers are asked for, and the state of a tracker that fails. */
const MOST_ASKED = 1000
const NOT_WORKING = 4

/** The ratio at which it stops a seed. */
const NO_LIMIT = '-1'
const LOG_IN = 'auth/login'
const LIST = 'torrents/info'

/** The first interface version with `start` and `stop`: that of qBittorrent 5. */
const START_SINCE = [2, 11] as const

/**
 * Controls qBittorrent by its Web API. qBittorrent can treat data as verified, but still checks
 * before the start that all files exist with the right sizes.
 */
export class QbittorrentClient extends RemoteClient implements TorrentClient {
  readonly looksBeforeStart = true
  readonly hasCategories = true
  readonly findsByLatest = true
  readonly changedNames = CHANGED_BY_LIBTORRENT
  #startWord: Promise<'start' | 'resume'> | null = null
  /** qBittorrent's identifiers of its torrents, by info hash. */
  readonly #ids = new Map<InfoHash, string>()
  /**
   * Torrents that were added, whose files were not looked at yet; with whether their data must be
   * read, because files were left out.
   */
  readonly #fresh = new Map<InfoHash, boolean>()
  #excludesNames: boolean | null = null
  #hasReferer = true
  /** The torrents without a tracker that works. */
  readonly #lacking = new Set<InfoHash>()

  async version(): Promise<string> {
    return `qBittorrent ${(await this.#call('app/version')).text}`
  }

  async list(only?: readonly InfoHash[]): Promise<readonly ClientTorrent[]> {
    const list = await this.#rowsOf(only?.length ? this.#idsOf(only).join('|') : null)
    if (await this.#wantFiles(list)) return this.list(only)
    for (const { torrent, row } of list) {
      const { infoHash } = torrent
      this.#ids.set(infoHash, asText(row['hash']))
      if (row['tracker'] === '') this.#lacking.add(infoHash)
      else this.#lacking.delete(infoHash)
    }
    return list.map(({ torrent }) => torrent)
  }

  /** Requests the rows of torrents, of which `hashes` has its identifiers; null for all. */
  async #rowsOf(hashes: string | null): Promise<ListedRow[]> {
    const body = hashes === null ? undefined : new URLSearchParams({ hashes })
    const torrents = this.parse(await this.#call(LIST, body))
    if (!Array.isArray(torrents)) throw this.badAnswer('no list of torrents')
    return this.torrentsOf(torrents.map(asObject), (row) => ({ row, torrent: readTorrent(row) }))
  }

  /**
   * Wants all files of torrents that were just added: those whose names the preferences exclude are
   * left out of them, and would not be uploaded. Returns whether there were such files.
   */
  async #wantFiles(list: readonly ListedRow[]): Promise<boolean> {
    const fresh = list.filter(({ torrent }) => this.#fresh.has(torrent.infoHash))
    if (fresh.length === 0) return false
    this.#excludesNames ??= await this.#findExclusion()
    const isExcluded = this.#excludesNames
    const wanted = await mapLimited(fresh, CALLS_AT_ONCE, async ({ row, torrent }) => {
      const isChanged = isExcluded && (await this.#wantFilesOf(asText(row['hash']), torrent))
      this.#fresh.delete(torrent.infoHash)
      return isChanged
    })
    return wanted.includes(true)
  }

  async #findExclusion(): Promise<boolean> {
    const preferences = asObject(this.parse(await this.#call('app/preferences')))
    return preferences['excluded_file_names_enabled'] === true
  }

  async #wantFilesOf(hash: string, { infoHash }: ClientTorrent): Promise<boolean> {
    const files = asList(this.parse(await this.#call(`torrents/files?hash=${hash}`)))
    const areWanted = files.every((file) => asObject(file)['priority'] !== 0)
    if (areWanted && this.#fresh.get(infoHash) !== true) return false
    const id = files.map((_, number) => number).join('|')
    await this.#call('torrents/filePrio', new URLSearchParams({ hash, id, priority: '1' }))
    this.#fresh.set(infoHash, true)
    // It counts their data as missing until it has read it
    await this.#call('torrents/recheck', new URLSearchParams({ hashes: hash }))
    return true
  }

  /** Returns qBittorrent's identifiers of torrents. */
  #idsOf(infoHashes: readonly InfoHash[]): string[] {
    return infoHashes.map((infoHash) => this.#ids.get(infoHash) ?? infoHash)
  }

  /** Returns the same, and asks for the whole list before if it is not known of each. */
  async #knownIds(infoHashes: readonly InfoHash[]): Promise<string> {
    if (!infoHashes.every((infoHash) => this.#ids.has(infoHash))) await this.list()
    return this.#idsOf(infoHashes).join('|')
  }

  /** Asks only for torrents of which the list names no tracker that works. */
  async trackerFailures(infoHashes: readonly InfoHash[]): Promise<ReadonlyMap<InfoHash, string>> {
    const failures = new Map<InfoHash, string>()
    const asked = infoHashes.filter((infoHash) => this.#lacking.has(infoHash)).slice(0, MOST_ASKED)
    await mapLimited(asked, CALLS_AT_ONCE, async (infoHash) => {
      const id = this.#ids.get(infoHash) ?? infoHash
      const answer = this.parse(await this.#call(`torrents/trackers?hash=${id}`))
      const failed = asList(answer)
        .map(asObject)
        .find(({ status }) => status === NOT_WORKING)
      if (!failed) return
      const { url, msg } = failed
      failures.set(infoHash, `${asText(url)}: ${asText(msg) || 'does not answer'}`)
    })
    return failures
  }

  add(torrents: readonly PublishedTorrent[]): Promise<(BtkitError | null)[]> {
    return failuresOfEach(torrents, (torrent) => this.#addOne(torrent))
  }

  async #addOne({ metainfo, directory, category = '', settings }: PublishedTorrent): Promise<void> {
    const fields: ClientSettings = {
      category,
      tags: MARK,
      ratioLimit: NO_LIMIT,
      ...settings,
      ...(directory !== null && { savepath: directory }),
      skip_checking: String(directory !== null),
      // The names before version 5, and since
      paused: 'true',
      stopped: 'true',
      contentLayout: 'Original',
      autoTMM: 'false',
    }
    const form = new FormData()
    form.set('torrents', new Blob([metainfo.bytes]), 'a.torrent')
    for (const [name, value] of Object.entries(fields)) form.set(name, String(value))
    const { text } = await this.#call('torrents/add', form)
    if (text.startsWith('Fails')) throw this.failure('rejected the torrent; see its log')
    this.#fresh.set(clientInfoHash(metainfo), false)
  }

  async start(infoHashes: readonly InfoHash[]): Promise<void> {
    this.#startWord ??= this.#findStartWord()
    const hashes = await this.#knownIds(infoHashes)
    await this.#call(`torrents/${await this.#startWord}`, new URLSearchParams({ hashes }))
  }

  async mark(infoHashes: readonly InfoHash[]): Promise<void> {
    const hashes = await this.#knownIds(infoHashes)
    await this.#call('torrents/addTags', new URLSearchParams({ hashes, tags: MARK }))
  }

  async remove(infoHashes: readonly InfoHash[]): Promise<void> {
    const hashes = await this.#knownIds(infoHashes)
    await this.#call('torrents/delete', new URLSearchParams({ hashes, deleteFiles: 'false' }))
  }

  async #findStartWord(): Promise<'start' | 'resume'> {
    const { text } = await this.#call('app/webapiVersion')
    return isBefore(text, START_SINCE) ? 'resume' : 'start'
  }

  async #call(method: string, body?: Body): Promise<HttpAnswer> {
    return this.#requireDone(await this.#request(method, body))
  }

  /** Calls the interface, and logs in if it is required. */
  async #request(method: string, body?: Body): Promise<HttpAnswer> {
    const first = await this.#send(method, body)
    if (first.status !== 403) return first
    await this.#logIn()
    return this.#send(method, body)
  }

  #requireDone(answer: HttpAnswer): HttpAnswer {
    if (answer.isOk) return answer
    if (answer.status === 409) throw this.failure('has this torrent already')
    throw this.badStatus(answer)
  }

  async #logIn(): Promise<void> {
    const { user, password } = this.address
    // It bans an address after five failed logins, and takes no empty password
    if (password === '') throw this.lacksLogin()
    const body = new URLSearchParams({ username: user || 'admin', password })
    const answer = await this.#send(LOG_IN, body)
    // Before version 5.2 it refuses with status 200
    if (answer.status === 401 || answer.text.startsWith('Fails')) throw this.refusedLogin()
    if (answer.status === 403) {
      throw this.refused('has banned this address after failed logins; restart it or wait an hour')
    }
    this.#requireDone(answer)
  }

  /** With 401 it refuses the host name before any login. A request without a session gets 403. */
  protected override badStatus(answer: HttpAnswer): BtkitError {
    if (answer.status !== 401) return super.badStatus(answer)
    const advice = 'add it to its ServerDomains, and let a proxy pass on Host'
    return this.refused(`does not accept the host name ${this.hostname}; ${advice}`)
  }

  /** It refuses requests that seem to come from a page of another site, before any log-in. */
  async #send(method: string, body?: Body): Promise<HttpAnswer> {
    const { url } = this.address
    const at = `${url}api/v2/${method}`
    const call = { body, ...(method === LIST && { isRead: true }) }
    const headers = this.#hasReferer ? { Referer: url } : {}
    const first = await this.http({ headers, ...call }, at)
    if (first.status !== 401 || !this.#hasReferer || method === LOG_IN) return first
    // To it behind a proxy that gives it another Host, the own address is that of another site
    this.#hasReferer = false
    return this.http({ headers: {}, ...call }, at)
  }
}

/** A torrent, and the object of qBittorrent that it was read from. */
interface ListedRow {
  readonly row: JsonObject
  readonly torrent: ClientTorrent
}

/** The settings of a listed torrent, as `add` names them. */
function settingsOf(row: JsonObject): ClientSettings {
  const listed = {
    category: row['category'],
    tags: asText(row['tags']).replaceAll(', ', ','),
    ratioLimit: row['ratio_limit'],
    seedingTimeLimit: row['seeding_time_limit'],
    upLimit: row['up_limit'],
  }
  const isListed = ([, value]: readonly [string, unknown]) => value !== undefined && value !== ''
  return Object.fromEntries(
    Object.entries(listed)
      .filter(isListed)
      .map(([name, value]) => [name, String(value)]),
  )
}

function readTorrent(torrent: JsonObject): ClientTorrent {
  // Without files that nobody wants, and without padding
  const size = asNumber(torrent['size'])
  return {
    // qBittorrent identifies hybrids by version 2, and reports both hashes since 4.4
    infoHash: asInfoHash(asText(torrent['infohash_v1']) || torrent['hash']),
    name: asText(torrent['name']),
    directory: asText(torrent['save_path']),
    isMarked: asText(torrent['tags']).split(/, */).includes(MARK),
    state: readState(asText(torrent['state'])),
    message: null,
    size,
    bytesDone: size - asNumber(torrent['amount_left']),
    peers: asNumber(torrent['num_leechs']) + asNumber(torrent['num_seeds']),
    uploadRate: asNumber(torrent['upspeed']),
    downloadRate: asNumber(torrent['dlspeed']),
    ratio: Math.max(0, asNumber(torrent['ratio'])),
    settings: settingsOf(torrent),
  }
}

function readState(state: string): ClientTorrent['state'] {
  if (state === 'missingFiles') return 'missing'
  if (state === 'error' || state === 'unknown') return 'error'
  if (/^(checking|allocating|moving)/.test(state)) return 'checking'
  if (/^(paused|stopped)/.test(state)) return 'stopped'
  if (state === 'queuedUP') return 'queued'
  return /^(uploading|.*UP)$/.test(state) ? 'seeding' : 'downloading'
}
