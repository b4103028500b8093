import type { AskedMagnet } from '../core/publish/client.js'
import {
  MARK,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from '../core/publish/client.js'
import { BtkitError } from '../errors.js'
import { failuresOfEach } from './batches.js'
import {
  badAnswer,
  badStatus,
  callHttp,
  parseAnswer,
  refusedLogin,
  type HttpAnswer,
  type HttpCall,
  asNumber,
  asObject,
  asText,
  type JsonObject,
} from './http-call.js'
import { RemoteClient } from './remote-client.js'

type Body = URLSearchParams | FormData

/** The first interface version with `start` and `stop`: that of qBittorrent 5. */
const START_SINCE = [2, 11]

/**
 * Controls qBittorrent by its Web API. qBittorrent can treat data as verified, but still checks
 * before the start that all files exist with the right sizes.
 */
export class QbittorrentClient extends RemoteClient implements TorrentClient {
  readonly looksBeforeStart = true
  #cookie = ''
  #startWord: Promise<'start' | 'resume'> | null = null
  /** qBittorrent's identifiers of its torrents, by info hash. */
  #ids: ReadonlyMap<string, string> = new Map()

  async version(): Promise<string> {
    return `qBittorrent ${(await this.#call('app/version')).text}`
  }

  async list(): Promise<readonly ClientTorrent[]> {
    const torrents = parseAnswer(await this.#call('torrents/info'), this.label)
    if (!Array.isArray(torrents)) throw badAnswer(this.label, 'no list of torrents')
    const rows = torrents.map(asObject)
    this.#ids = new Map(rows.map((row) => [readInfoHash(row), asText(row['hash'])]))
    return rows.map(readTorrent)
  }

  /** Returns qBittorrent's identifiers of torrents. Requests the list again if one is unknown. */
  async #idsOf(infoHashes: readonly string[]): Promise<string[]> {
    if (infoHashes.some((infoHash) => !this.#ids.has(infoHash))) await this.list()
    return infoHashes.map((infoHash) => this.#ids.get(infoHash) ?? infoHash)
  }

  add(torrents: readonly PublishedTorrent[]): Promise<(BtkitError | null)[]> {
    return failuresOfEach(torrents, (torrent) => this.#addOne(torrent))
  }

  async #addOne({ metainfo, directory, downloads = false }: PublishedTorrent): Promise<void> {
    const form = new FormData()
    form.set('torrents', new Blob([metainfo.bytes]), 'a.torrent')
    const fields = {
      savepath: directory,
      category: MARK,
      skip_checking: `${!downloads}`,
      // The names before version 5, and since
      paused: 'true',
      stopped: 'true',
      autoTMM: 'false',
      contentLayout: 'Original',
    }
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    await this.#addForm(form)
  }

  async #addForm(form: FormData): Promise<void> {
    const { text } = await this.#call('torrents/add', form)
    if (text.startsWith('Fails')) {
      throw new BtkitError('client', `${this.label}: refuses this torrent, or has it already`)
    }
  }

  async start(infoHashes: readonly string[]): Promise<void> {
    this.#startWord ??= this.#findStartWord()
    const hashes = (await this.#idsOf(infoHashes)).join('|')
    await this.#call(`torrents/${await this.#startWord}`, new URLSearchParams({ hashes }))
  }

  async remove(infoHashes: readonly string[]): Promise<void> {
    const hashes = (await this.#idsOf(infoHashes)).join('|')
    await this.#call('torrents/delete', new URLSearchParams({ hashes, deleteFiles: 'false' }))
  }

  async askMetadata({ link, directory }: AskedMagnet): Promise<void> {
    const fields = { urls: link, savepath: directory, category: MARK, autoTMM: 'false' }
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    form.set('stopCondition', 'MetadataReceived')
    await this.#addForm(form)
  }

  /** A status of its own means that there is no metadata yet. */
  async readMetadata({ infoHash }: AskedMagnet): Promise<Uint8Array | null> {
    const [id] = await this.#idsOf([infoHash])
    const { status, bytes } = await this.#request(`torrents/export?hash=${id}`)
    return status === 200 ? bytes : null
  }

  async #findStartWord(): Promise<'start' | 'resume'> {
    const { text } = await this.#call('app/webapiVersion')
    const [major = 0, minor = 0] = text.split('.').map(Number)
    const [sinceMajor = 0, sinceMinor = 0] = START_SINCE
    return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor) ? 'start' : 'resume'
  }

  async #call(method: string, body?: Body): Promise<HttpAnswer> {
    return this.#requireDone(await this.#request(method, body))
  }

  /** Calls the interface, and logs in if it is required. */
  async #request(method: string, body?: Body): Promise<HttpAnswer> {
    const first = await this.#send(method, body)
    if (first.status !== 401 && first.status !== 403) return first
    await this.#logIn()
    return this.#send(method, body)
  }

  #requireDone(answer: HttpAnswer): HttpAnswer {
    if (answer.status === 200 || answer.status === 204) return answer
    if (answer.status === 409) {
      throw new BtkitError('client', `${this.label}: has this torrent already`)
    }
    throw badStatus(this.address, answer)
  }

  async #logIn(): Promise<void> {
    const { user, password } = this.address
    const body = new URLSearchParams({ username: user || 'admin', password })
    const answer = await this.#send('auth/login', body)
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0]
    if (cookie === undefined) throw refusedLogin(this.address)
    this.#cookie = cookie
  }

  #send(method: string, body?: Body): Promise<HttpAnswer> {
    const { url } = this.address
    const call: HttpCall = {
      url: `${url}api/v2/${method}`,
      // It refuses requests that seem to come from a page of another site
      headers: { Referer: url, Cookie: this.#cookie },
      ...(body === undefined ? {} : { body }),
    }
    return callHttp(call, this.options)
  }
}

/**
 * Returns the info hash of version 1 if there is one. qBittorrent identifies hybrids by version 2,
 * and reports both hashes since 4.4.
 */
function readInfoHash(torrent: JsonObject): string {
  return asText(torrent['infohash_v1']) || asText(torrent['hash'])
}

function readTorrent(torrent: JsonObject): ClientTorrent {
  const size = asNumber(torrent['size'])
  return {
    infoHash: readInfoHash(torrent),
    name: asText(torrent['name']),
    directory: asText(torrent['save_path']),
    isMarked: torrent['category'] === MARK,
    state: readState(asText(torrent['state'])),
    message: null,
    size,
    bytesDone: size - asNumber(torrent['amount_left']),
    peers: asNumber(torrent['num_leechs']) + asNumber(torrent['num_seeds']),
    uploadRate: asNumber(torrent['upspeed']),
    downloadRate: asNumber(torrent['dlspeed']),
    ratio: Math.max(0, asNumber(torrent['ratio'])),
  }
}

function readState(state: string): ClientTorrent['state'] {
  if (state === 'missingFiles') return 'missing'
  if (state === 'error' || state === 'unknown') return 'error'
  if (/^(checking|allocating|moving)/.test(state)) return 'checking'
  if (/^(paused|stopped)/.test(state)) return 'stopped'
  if (state.startsWith('queued')) return 'queued'
  return /^(uploading|.*UP)$/.test(state) ? 'seeding' : 'downloading'
}
