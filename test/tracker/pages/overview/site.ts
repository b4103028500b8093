import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { clientInfoHash } from '../../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { TorrentList } from '../../../../src/tracker/allowed/torrent-list.js'
import { openPages } from '../../../../src/tracker/pages/open-pages.js'
import { History, takeSample } from '../../../../src/tracker/pages/charts/history.js'
import type { PageOptions } from '../../../../src/tracker/pages/overview/pages.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf, type PlainDict } from '../../../support/torrents.js'
import type { SwarmStore } from '../../../../src/tracker/swarms/swarm-store.js'
import type { SwarmCounts } from '../../../../src/tracker/swarms/swarm-types.js'

const OPTIONS: PageOptions = {
  showInfoPage: true,
  siteName: null,
  mirror: null,
  redirect: null,
  showNames: true,
  allowGet: false,
  catalogue: 'on',
}

/** A torrent with a name and size. */
export function torrentNamed(name: string, changes: PlainDict = {}, beside: PlainDict = {}) {
  const bytes = torrentOf(singleFileInfo({ name, ...changes }), beside)
  return { bytes, hash: clientInfoHash(parseMetainfo(bytes)) }
}

export interface Setup {
  readonly torrents?: Readonly<Record<string, Uint8Array>>
  readonly swarms?: Parameters<typeof swarmsOf>[0]
  readonly options?: Partial<PageOptions>
  readonly isOpen?: boolean
  /** A directory of retired torrents, below that of the others. */
  readonly archive?: string
}

/** The pages of a tracker, and a function that requests one. */
export async function pagesOf(t: TestContext, setup: Setup) {
  const { torrents = {}, swarms = {}, options, isOpen, archive } = setup
  const directory = makeScratch(t, torrents)
  const directories = isOpen ? [] : [directory]
  const archives = archive === undefined ? [] : [join(directory, archive)]
  const rules = { listFile: null, isFed: false, controls: true, report: String }
  const list = new TorrentList({ directories, ...rules })
  await list.refresh()
  let time = Date.UTC(2026, 10, 20, 12)
  const store = swarmsOf(swarms)
  const history = new History()
  const { answer, search } = openPages({
    settings: {
      page: { ...OPTIONS, ...options },
      allowed: { directories, archives, isFed: false },
      look: {},
    },
    store,
    torrents: list,
    history,
    now: () => time,
    monotonic: () => time,
  })
  const ask = async (path: string, query = '', isBrowser = false) => {
    const announceUrls = ['http://t.example/announce']
    const { signal } = new AbortController()
    const raw = { method: 'GET', url: path, headers: isBrowser ? { accept: 'text/html' } : {} }
    const from = { raw, client: '192.0.2.1', announceUrls, signal }
    const answered = await answer({ path, query, ...from })
    return { ...answered, text: Buffer.from(answered.body).toString() }
  }
  const json = async (path: string, query = '') =>
    JSON.parse((await ask(path, query)).text) as {
      time: string
      torrents: { name: string; infoHash: string }[]
      totals: Record<string, number>
      page: number
      pages: number
    }
  const wait = (milliseconds: number) => {
    time += milliseconds
  }
  const sample = () => takeSample(history, { store, isTracked: () => true }, () => time)
  return { answer, search, ask, json, wait, sample, directory, list, store }
}

/** The text of a page without tags, one line per row of its table. */
export function textOf(page: string): string {
  const body = page.slice(page.indexOf('<body>'))
  const words = body
    .replace(/<\/tr>/g, '\u0001')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
  return words.replace(/ ?\u0001 ?/g, '\n')
}

/** Swarms with these counts (complete, incomplete, downloaded), by info hash in hexadecimal. */
function swarmsOf(
  counts: Readonly<Record<string, readonly [number, number, number]>>,
): Pick<SwarmStore, 'list' | 'scrape' | 'monthOf' | 'noteSeeds'> {
  const all = Object.entries(counts).map(([hash, [complete, incomplete, downloaded]]) => {
    const infoHash = Buffer.from(hash, 'hex')
    return { infoHash, complete, incomplete, downloaders: incomplete, downloaded }
  })
  const scrape = (infoHash: Uint8Array): SwarmCounts | null =>
    all.find((swarm) => swarm.infoHash.equals(infoHash)) ?? null
  function* list() {
    yield* all
  }
  return { scrape, list, monthOf: () => null, noteSeeds: () => [][Symbol.iterator]() as never }
}
