import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { clientInfoHash, type ClientTorrent } from '../../src/core/publish/client.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { parseClientAddress } from '../../src/seeding/clients/address.js'
import { connectClient } from '../../src/seeding/clients/connect.js'
import { serveLocally } from './listen.js'
import { singleFileInfo, torrentOf } from './torrents.js'

/** The torrent that they have, or get. */
export const TORRENT = {
  metainfo: parseMetainfo(torrentOf(singleFileInfo())),
  directory: '/srv',
  fileTimes: null,
  category: 'films',
}
export const INFO_HASH = clientInfoHash(TORRENT.metainfo)

/** The torrent as each client lists it. */
export const LISTED: ClientTorrent = {
  infoHash: INFO_HASH,
  name: 'a',
  directory: '/srv',
  isMarked: true,
  state: 'seeding',
  message: null,
  size: 8,
  bytesDone: 5,
  peers: 3,
  uploadRate: 4,
  downloadRate: 5,
  ratio: 0.5,
}

/** A request: its method, and what it says. */
export type Asked = readonly [method: string, ...parameters: unknown[]]

/** Values by name. */
export type Row = Readonly<Record<string, unknown>>

/** A client as its protocol has it. */
interface Fake {
  /** Reads a request into the calls that it makes. */
  readonly read: (request: IncomingMessage, body: Buffer) => Asked[]
  /** Its results by method. */
  readonly results: Row
  readonly answer: (results: readonly unknown[], asked: readonly Asked[]) => string
}

/** qBittorrent's identifier of the torrent. */
export const ID = 'c'.repeat(40)

const qbittorrent: Fake = {
  read({ url = '' }, body) {
    const text = body.toString()
    const form = Array.from(text.matchAll(/name="(\w+)"\r\n\r\n(.*)\r/g), ([, ...field]) => field)
    const fields = form.length > 0 ? form : new URLSearchParams(text)
    return [[url.slice('/api/v2/'.length), Object.fromEntries(fields)]]
  },
  results: {
    'torrents/info': [{ hash: ID, infohash_v1: INFO_HASH }],
    'app/webapiVersion': '2.11.0',
  },
  answer: ([result = 'Ok.']) => (typeof result === 'string' ? result : JSON.stringify(result)),
}

const transmission: Fake = {
  read(_request, body) {
    const { method, arguments: values } = JSON.parse(body.toString()) as Record<string, unknown>
    return [[String(method), values]]
  },
  results: {
    'session-get': { 'rpc-version': 16 },
    'torrent-add': { 'torrent-added': { hashString: INFO_HASH } },
    'torrent-get': { torrents: [{ hashString: INFO_HASH, labels: ['iso'] }] },
  },
  answer: ([result = {}]) => {
    // Words are those of a failure
    const isFailure = typeof result === 'string'
    return JSON.stringify({ result: isFailure ? result : 'success', arguments: result })
  },
}

const SESSION = 'x-transmission-session-id'

/** A value of XML-RPC. */
function xml(value: unknown): string {
  if (typeof value === 'number') return `<value><i8>${value}</i8></value>`
  if (!Array.isArray(value)) return `<value><string>${String(value)}</string></value>`
  return `<value><array><data>${value.map(xml).join('')}</data></array></value>`
}

const rtorrent: Fake = {
  read(_request, body) {
    // The words of a call are all that it says
    const words = body.toString().matchAll(/<(methodName|string|base64)>([^<]*)</g)
    return [Array.from(words, ([, , word]) => word ?? '') as unknown as Asked]
  },
  results: {
    'network.xmlrpc.size_limit': 524288,
    'execute.capture_nothrow': '5\n',
  },
  answer: ([result = [0]]) =>
    `<methodResponse><params><param>${xml(result)}</param></params></methodResponse>`,
}

/** Methods that change a torrent that is there. */
const WRITES = /Tags|start|set$|delete|remove|multicall/

const FAKES = { qbittorrent, transmission, rtorrent }
export type AnsweringKind = keyof typeof FAKES

/** Starts a client, with results beside its usual ones. */
export async function startAnswering(t: TestContext, kind: AnsweringKind, others: Row = {}) {
  const asked: Asked[] = []
  const fake = FAKES[kind]
  let [isClosing, isRefusing] = [false, false]
  const port = await serveLocally(t, (request, response) => {
    if (isClosing) {
      isClosing = false
      request.socket.destroy()
      return
    }
    void buffer(request).then((body) => {
      const isKnown = request.headers[SESSION] === 'secret'
      if (kind === 'transmission' && !isKnown) {
        response.writeHead(409, { [SESSION]: 'secret' }).end()
        return
      }
      if (body.length > Number(others['network.xmlrpc.size_limit'] ?? Infinity)) {
        request.socket.destroy()
        return
      }
      const calls = fake.read(request, body)
      asked.push(...calls)
      if (isRefusing && calls.some(([method]) => WRITES.test(method))) {
        response.writeHead(500).end()
        return
      }
      const own = calls.map(([method]) => others[method] ?? fake.results[method])
      response.end(fake.answer(own, calls))
    })
  })
  const address = parseClientAddress(`${kind}+http://127.0.0.1:${port}`)
  const { signal } = new AbortController()
  const closeNext = () => {
    isClosing = true
  }
  const refuse = () => {
    isRefusing = true
  }
  return { asked, closeNext, refuse, client: connectClient(address, { timeoutMs: 60_000, signal }) }
}
