import { mapLimited } from '../../base/concurrency.js'
import {
  clientInfoHash,
  MARK,
  readSettings,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from '../../core/publish/client.js'
import { BtkitError } from '../../base/errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { InfoHash } from '../../metainfo/values.js'
import { CALLS_AT_ONCE, failuresOfEach } from './batches.js'
import { asInfoHash, asList, asNumber, asObject, asText, type JsonObject } from './http-call.js'
import { CHANGED_BY_LIBTORRENT, RemoteClient } from './remote-client.js'

const KEYS = [
  'name',
  'download_location',
  'label',
  'state',
  'message',
  'tracker_status',
  'is_finished',
  'total_size',
  'total_done',
  'num_peers',
  'num_seeds',
  'upload_payload_rate',
  'download_payload_rate',
  'ratio',
]

/** The settings of a torrent, named as its options are. Its only label is btkit's mark. */
const SETTINGS = [
  'auto_managed',
  'max_connections',
  'max_upload_slots',
  'max_upload_speed',
  'remove_at_ratio',
  'stop_at_ratio',
  'stop_ratio',
]

const NOT_AUTHENTICATED = 1

const STATES: Readonly<Record<string, ClientTorrent['state']>> = {
  Checking: 'checking',
  Allocating: 'checking',
  Moving: 'checking',
  Paused: 'stopped',
  Seeding: 'seeding',
  Error: 'error',
}

/** Matches Twisted's prefix of an error message: the class of the exception. */
const RAISED = /<class '(?<raised>[^']*)'>:[ ]?(?<words>.*)/

/**
 * Controls Deluge by the JSON-RPC of its web interface, which forwards calls to the daemon. In seed
 * mode Deluge treats data as verified, but still checks that all files exist with the right sizes.
 */
export class DelugeClient extends RemoteClient implements TorrentClient {
  readonly looksBeforeStart = true
  readonly changedNames = CHANGED_BY_LIBTORRENT
  #session: Promise<void> | null = null
  /** Resolved once for all torrents, because several are added at the same time. */
  #labels: Promise<void> | null = null
  #calls = 0

  async version(): Promise<string> {
    return `Deluge ${asText(await this.#call('daemon.get_version'))}`
  }

  async list(id?: readonly InfoHash[]): Promise<readonly ClientTorrent[]> {
    const keys = id ? [...KEYS, ...SETTINGS] : KEYS
    const torrents = await this.#call('core.get_torrents_status', id ? { id } : {}, keys)
    if (!torrents) throw this.badAnswer('no list of torrents')
    return this.torrentsOf(Object.entries(asObject(torrents)), ([infoHash, torrent]) => {
      return readTorrent(asInfoHash(infoHash), asObject(torrent))
    })
  }

  /** Deluge checks the files of added torrents one by one, but creates empty files before that. */
  findData(torrents: readonly PublishedTorrent[]): Promise<boolean[]> {
    return mapLimited(torrents, CALLS_AT_ONCE, async ({ metainfo: { name, files }, directory }) => {
      const size = files.reduce((sum, { length, padding }) => sum + (padding ? 0 : length), 0)
      return asNumber(await this.#call('core.get_path_size', `${directory}/${name}`)) >= size
    })
  }

  async add(torrents: readonly PublishedTorrent[]): Promise<(BtkitError | null)[]> {
    this.#labels ??= this.#requireLabels()
    await this.#labels
    return failuresOfEach(torrents, (torrent) => this.#addOne(torrent))
  }

  async #addOne({ metainfo, directory, settings }: PublishedTorrent): Promise<void> {
    const torrent = Buffer.from(metainfo.bytes).toString('base64')
    const infoHash = clientInfoHash(metainfo)
    const id = await this.#call('core.add_torrent_file', `${infoHash}.torrent`, torrent, {
      ...(directory !== null && { download_location: directory, move_completed: false }),
      add_paused: true,
      seed_mode: directory !== null,
      stop_at_ratio: false,
      ...settings,
    })
    await this.#requireKnown(metainfo, asText(id))
    await this.#call('label.set_torrent', infoHash, MARK)
  }

  /**
   * Removes a torrent that Deluge added under another info hash. With libtorrent 2 it uses the
   * version 2 hash of hybrids, and does not report that of version 1.
   */
  async #requireKnown(metainfo: Metainfo, id: string): Promise<void> {
    if (id === '' || id === clientInfoHash(metainfo)) return
    await this.#call('core.remove_torrents', [id], false)
    throw await this.unopened(metainfo, `it takes ${id} for its info hash`)
  }

  async mark(infoHashes: readonly InfoHash[]): Promise<void> {
    await (this.#labels ??= this.#requireLabels())
    await mapLimited(infoHashes, CALLS_AT_ONCE, (infoHash) =>
      this.#call('label.set_torrent', infoHash, MARK),
    )
  }

  async start(infoHashes: readonly InfoHash[]): Promise<void> {
    await this.#call('core.resume_torrents', infoHashes)
  }

  async remove(infoHashes: readonly InfoHash[]): Promise<void> {
    await this.#call('core.remove_torrents', infoHashes, false)
  }

  /** Makes sure that the label exists which marks btkit's torrents. */
  async #requireLabels(): Promise<void> {
    const plugins = asList(await this.#call('core.get_enabled_plugins'))
    if (!plugins.includes('Label')) {
      throw this.failure('its plugin Label is off; enable it to mark the torrents of btkit')
    }
    const labels = asList(await this.#call('label.get_labels'))
    if (!labels.includes(MARK)) await this.#call('label.add', MARK)
  }

  async #call(method: string, ...params: unknown[]): Promise<unknown> {
    this.#session ??= this.#connect()
    try {
      await this.#session
    } catch (error) {
      this.#session = null
      throw error
    }
    return this.#send(method, params)
  }

  /** Logs in, and connects the web interface to its daemon if necessary. */
  async #connect(): Promise<void> {
    if ((await this.#send('auth.login', [this.address.password])) !== true) {
      throw this.refusedLogin()
    }
    if ((await this.#send('web.connected', [])) === true) return
    const hosts = asList(await this.#send('web.get_hosts', [])).map((host) =>
      asText(asList(host)[0]),
    )
    await this.#send('web.connect', [await this.#firstOnline(hosts)])
    if ((await this.#send('web.connected', [])) === true) return
    const why = 'deluge-web is not connected to a daemon; choose one in its Connection Manager'
    throw new BtkitError('unreachable', `${this.label}: ${why}`)
  }

  /** The first daemon that is online; the first of all if none is. */
  async #firstOnline(hosts: readonly string[]): Promise<string> {
    for (const host of hosts.length > 1 ? hosts : []) {
      const status = asList(await this.#send('web.get_host_status', [host]))
      if (status.includes('Online') || status.includes('Connected')) return host
    }
    return hosts[0] ?? ''
  }

  async #send(method: string, params: readonly unknown[]): Promise<unknown> {
    const body = JSON.stringify({ method, params, id: ++this.#calls })
    const headers = { 'Content-Type': 'application/json' }
    const isRead = method.includes('.get_')
    const answer = await this.http({ body, isRead, headers })
    if (!answer.isOk) throw this.badStatus(answer)
    const values = asObject(this.parse(answer))
    if (values['error']) this.#refuse(asObject(values['error']))
    if (!('result' in values)) throw this.badAnswer('not that of Deluge')
    return values['result']
  }

  #refuse({ code, message }: JsonObject): never {
    if (code === NOT_AUTHENTICATED) {
      this.#session = null
      throw this.refusedLogin()
    }
    throw this.failure(failureWords(asText(message)))
  }
}

function readTorrent(infoHash: InfoHash, torrent: JsonObject): ClientTorrent {
  const words = asText(torrent['message'])
  const ofTracker = asText(torrent['tracker_status'])
  const message = words !== 'OK' && words !== '' ? words : refusalOf(ofTracker)
  return {
    infoHash,
    name: asText(torrent['name']),
    directory: asText(torrent['download_location']),
    isMarked: torrent['label'] === MARK,
    state: readState(torrent),
    message,
    size: asNumber(torrent['total_size']),
    bytesDone: asNumber(torrent['total_done']),
    peers: asNumber(torrent['num_peers']) + asNumber(torrent['num_seeds']),
    uploadRate: asNumber(torrent['upload_payload_rate']),
    downloadRate: asNumber(torrent['download_payload_rate']),
    ratio: Math.max(0, asNumber(torrent['ratio'])),
    settings: readSettings(torrent, SETTINGS),
  }
}

function readState(torrent: JsonObject): ClientTorrent['state'] {
  const state = asText(torrent['state'])
  if (state === 'Queued' && torrent['is_finished'] === true) return 'queued'
  return STATES[state] ?? 'downloading'
}

/** Returns a tracker's refusal in the form `Error: …`; null if there is none. */
function refusalOf(status: string): string | null {
  // libtorrent says so of the tracker's addresses in a family that this machine lacks
  const isSkipped = status.includes('skipping tracker announce')
  return /^Error:/i.test(status) && !isSkipped ? status : null
}

/**
 * Extracts the error message of a Deluge failure. Deluge reports an exception with its class. An
 * error of the daemon is wrapped in a Twisted failure, often with a traceback before or after it.
 */
export function failureWords(message: string): string {
  const { raised = '', words = '' } = RAISED.exec(message)?.groups ?? {}
  if (raised !== '') return words.trim() || raised
  const lines = message.trim().split('\n')
  return lines.findLast((line) => /\w/.test(line))?.trim() ?? 'fails without saying why'
}
