import {
  MARK,
  readSettings,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from '../../core/publish/client.js'
import { BtkitError } from '../../base/errors.js'
import type { InfoHash } from '../../metainfo/values.js'
import { asInfoHash } from './http-call.js'
import { failuresOfEach } from './batches.js'
import {
  asList,
  asNumber,
  asObject,
  asText,
  type HttpAnswer,
  type JsonObject,
} from './http-call.js'
import { RemoteClient } from './remote-client.js'

/** The fields of `torrent-get` that a ClientTorrent needs. */
const FIELDS = [
  'hashString',
  'name',
  'downloadDir',
  'labels',
  'status',
  'error',
  'errorString',
  'sizeWhenDone',
  'leftUntilDone',
  'peersConnected',
  'rateUpload',
  'rateDownload',
  'uploadRatio',
]

/** The settings of a torrent, named as `torrent-set` does. */
const SETTINGS = [
  'labels',
  'bandwidthPriority',
  'honorsSessionLimits',
  'seedIdleLimit',
  'seedIdleMode',
  'seedRatioLimit',
  'seedRatioMode',
  'uploadLimit',
  'uploadLimited',
]

const FIELDS_WITH_SETTINGS = [...new Set([...FIELDS, ...SETTINGS])]

/** The first RPC version with labels: that of Transmission 3.00. */
const LABELS_SINCE = 16

/**
 * Transmission 3.00's error for torrents of version 2, including hybrids, and every version's error
 * for invalid torrents.
 */
const INVALID = 'invalid or corrupt torrent file'

/** The meaning of `status`, by number. */
const STATES = [
  'stopped',
  'checking',
  'checking',
  'downloading',
  'downloading',
  'queued',
  'seeding',
] as const

/** At no ratio it stops a seed (seedRatioMode of its RPC). */
const NO_LIMIT = 2

/**
 * Controls Transmission by its RPC over HTTP. Version 3.00 always reads the data of a new torrent
 * once, even if the torrent is not started. Version 4 does not if the data is complete.
 */
export class TransmissionClient extends RemoteClient implements TorrentClient {
  readonly looksBeforeStart = true
  readonly hasCategories = true
  // Version 4 changes fewer
  readonly changedNames = /[<>:"|?*[\]\\\0-\x1f\x7f]|[ .]$/
  /** The identifier that every request must repeat, as protection against forged requests. */
  #sessionId = ''
  #hasLabels: boolean | null = null

  async version(): Promise<string> {
    const session = await this.#session()
    return `Transmission ${asText(session['version'])}`
  }

  async list(ids?: readonly InfoHash[]): Promise<readonly ClientTorrent[]> {
    const asked = ids ? { ids, fields: FIELDS_WITH_SETTINGS } : { fields: FIELDS }
    const { torrents } = await this.#call('torrent-get', asked)
    if (!Array.isArray(torrents)) throw this.badAnswer('no list of torrents')
    return this.torrentsOf(torrents.map(asObject), readTorrent)
  }

  async add(torrents: readonly PublishedTorrent[]): Promise<(BtkitError | null)[]> {
    await this.#requireLabels()
    return failuresOfEach(torrents, (torrent) => this.#addOne(torrent))
  }

  async #addOne({ metainfo, directory, category, settings }: PublishedTorrent): Promise<void> {
    const labels = [MARK, category ?? []].flat()
    const args = {
      metainfo: Buffer.from(metainfo.bytes).toString('base64'),
      ...(directory !== null && { 'download-dir': directory }),
      paused: true,
      // Version 4 accepts labels here
      labels,
    }
    const answer = await this.#call('torrent-add', args).catch(async (error: unknown) => {
      const isInvalid = error instanceof BtkitError && error.message.endsWith(INVALID)
      throw isInvalid ? await this.unopened(metainfo, INVALID) : error
    })
    const { hashString } = asObject(answer['torrent-added'])
    if (typeof hashString !== 'string') throw this.failure('has this torrent already')
    const all = [...new Set([...labels, ...asList(settings?.['labels'])])]
    const own = { seedRatioMode: NO_LIMIT, ...settings, labels: all }
    await this.#call('torrent-set', { ids: [hashString], ...own })
  }

  async mark(infoHashes: readonly InfoHash[]): Promise<void> {
    await this.#requireLabels()
    const fields = ['hashString', 'labels']
    const { torrents } = await this.#call('torrent-get', { ids: infoHashes, fields })
    for (const { hashString, labels } of asList(torrents).map(asObject)) {
      const all = [...asList(labels), MARK]
      await this.#call('torrent-set', { ids: [asText(hashString)], labels: all })
    }
  }

  async start(infoHashes: readonly InfoHash[]): Promise<void> {
    await this.#call('torrent-start', { ids: infoHashes })
  }

  async remove(infoHashes: readonly InfoHash[]): Promise<void> {
    await this.#call('torrent-remove', { ids: infoHashes, 'delete-local-data': false })
  }

  async #requireLabels(): Promise<void> {
    this.#hasLabels ??= asNumber((await this.#session())['rpc-version']) >= LABELS_SINCE
    if (this.#hasLabels) return
    throw this.failure('Transmission before 3.00 has no labels')
  }

  #session(): Promise<JsonObject> {
    return this.#call('session-get', { fields: ['version', 'rpc-version'] })
  }

  async #call(method: string, args: JsonObject): Promise<JsonObject> {
    const body = JSON.stringify({ method, arguments: args })
    const sent = this.#sessionId
    const isRead = method.endsWith('-get')
    const first = await this.#send(body, isRead)
    const sessionId = first.headers.get('X-Transmission-Session-Id')
    const isNew = first.status === 409 && sessionId !== null && sessionId !== sent
    if (isNew) this.#sessionId = sessionId
    const answer = isNew ? await this.#send(body, isRead) : first
    if (!answer.isOk) throw this.badStatus(answer)
    const { result, arguments: values } = asObject(this.parse(answer))
    if (typeof result !== 'string') throw this.badAnswer('not that of Transmission')
    if (result !== 'success') throw this.failure(result)
    return asObject(values)
  }

  /** Redirects lead to the web interface. */
  protected override apiPath(path: string): string {
    return path.replace(/\/web\/?$/, '/rpc')
  }

  protected override badStatus(answer: HttpAnswer): BtkitError {
    if (answer.status === 403) {
      const advice = 'add it to rpc-whitelist; after too many failed logins, restart Transmission'
      return this.refused(`does not accept the address of this machine; ${advice}`)
    }
    if (answer.status !== 421) return super.badStatus(answer)
    const advice = 'add it to rpc-host-whitelist'
    return this.refused(`does not accept the host name ${this.hostname}; ${advice}`)
  }

  #send(body: string, isRead: boolean): Promise<HttpAnswer> {
    const session = { 'X-Transmission-Session-Id': this.#sessionId }
    return this.http({ body, isRead, headers: { ...session, ...this.basicAuth() } })
  }
}

function readTorrent(torrent: JsonObject): ClientTorrent {
  const size = asNumber(torrent['sizeWhenDone'])
  // 1 is a warning of the tracker, 2 its failure, 3 one of this machine
  const error = asNumber(torrent['error'])
  const state = STATES[asNumber(torrent['status'])] ?? 'stopped'
  return {
    infoHash: asInfoHash(torrent['hashString']),
    name: asText(torrent['name']),
    directory: asText(torrent['downloadDir']),
    isMarked: asList(torrent['labels']).includes(MARK),
    state: error === 3 ? 'error' : state,
    message: error === 1 ? null : asText(torrent['errorString']) || null,
    warning: error === 1 ? asText(torrent['errorString']) || null : null,
    size,
    bytesDone: size - asNumber(torrent['leftUntilDone']),
    peers: asNumber(torrent['peersConnected']),
    uploadRate: asNumber(torrent['rateUpload']),
    downloadRate: asNumber(torrent['rateDownload']),
    ratio: Math.max(0, asNumber(torrent['uploadRatio'])),
    settings: 'seedRatioMode' in torrent ? readSettings(torrent, SETTINGS) : undefined,
  }
}
