import { quoteText } from '../../base/text/escape.js'
import { remembering } from '../../base/remember.js'
import { hasSecret } from '../../base/text/secrets.js'
import type { Metainfo, MetainfoVersion } from '../metainfo.js'
import { LARGEST_SECONDS } from '../forms.js'
import type { LintRules, LintRule } from './finding.js'
import {
  announceUrls,
  faultyPort,
  hasOdd,
  isLocal,
  isSeed,
  isTracker,
  isUrlList,
  type NamedTrackers,
  type SeedKind,
  storedUrl,
} from '../trackers.js'

/** Keys that are only valid inside `info`. */
const INFO_KEYS = ['private', 'source']

/**
 * Finds web seeds of a directory without a slash at the end. Clients append the path of a file only
 * after a slash (BEP 19).
 */
export function* findSeedsWithoutSlash({
  isDirectory,
  webSeeds,
}: {
  readonly isDirectory: boolean
  readonly webSeeds: readonly string[] | null
}) {
  for (const seed of new Set(isDirectory ? webSeeds : [])) {
    if (!seed.endsWith('/')) {
      yield `web seed ${quoteText(seed)} of a directory does not end with a slash`
    }
  }
}

/** The addresses in a torrent, or in one to make. */
type Addresses = NamedTrackers &
  Pick<Metainfo, 'updateUrl' | 'private'> & {
    readonly webSeeds: readonly string[] | null
    readonly httpSeeds: readonly string[] | null
  }

/** Returns each web seed and HTTP seed once. */
function seedsOf(metainfo: Metainfo): Set<string> {
  return new Set(seedsByKind(metainfo).flatMap(([, seeds]) => [...seeds]))
}

/** The seeds of each kind that there is, each once. */
function seedsByKind({ httpSeeds, webSeeds }: Pick<Addresses, 'httpSeeds' | 'webSeeds'>) {
  const kinds: (readonly [SeedKind, Set<string>])[] = []
  if (webSeeds !== null) kinds.push(['web seed', new Set(webSeeds)])
  if (httpSeeds !== null) kinds.push(['HTTP seed', new Set(httpSeeds)])
  return kinds
}

/**
 * Returns the announce URL if the announce list lacks it; else null. Clients that support lists
 * ignore it then (BEP 12).
 */
export function unlistedAnnounce(trackers: {
  readonly announce: string | null
  readonly announceList: readonly (readonly string[])[] | null
}): string | null {
  const { announce, announceList } = trackers
  const listed = announceList?.flat() ?? []
  return announce === null || listed.length === 0 || listed.includes(announce) ? null : announce
}

/** All tracker URLs as the torrent has them, also those that clients do not use. */
function namedUrls({ announce, announceList }: NamedTrackers): string[] {
  const urls = new Set<string>(announce === null ? [] : [announce])
  for (const tier of announceList ?? []) for (const url of tier) urls.add(url)
  return [...urls]
}

/** Finds trackers whose path is probably mistyped or missing. */
export function* findUnlikelyPath(tracker: string) {
  const { protocol, pathname, port } = new URL(tracker)
  if (protocol === 'udp:' && port === '')
    yield `tracker ${quoteText(tracker)} has no port; UDP has no usual one, so clients differ`
  const [, last = ''] = /\/(?!announce|ann$)(an{1,2}o?u?n{0,2}c?e?)$/i.exec(pathname) ?? []
  const isBare = /^https?:$/.test(protocol) && pathname === '/'
  const path = isBare ? 'no path' : last && `/${last}`
  if (path) yield `tracker ${quoteText(tracker)} has ${path}; most trackers have /announce`
}

/** The reasons why a tracker is unlikely to be meant. */
export const faultsOf = remembering((tracker) => {
  return [...findUnlikelyPath(tracker), ...findOwnMachine('tracker', tracker)]
})

function findOwnMachine(kind: string, url: string): string[] {
  return isLocal(url) ? [`${kind} ${quoteText(url)} leads each client to its own machine`] : []
}

/** Finds seeds that only the publisher reaches. */
export function* findUnlikelySeeds(torrent: Pick<Addresses, 'httpSeeds' | 'webSeeds'>) {
  for (const [kind, urls] of seedsByKind(torrent))
    for (const url of urls) yield* findOwnMachine(kind, url)
}

/** The right form of a URL that clients drop, or convert each in its own way; else null. */
const rightForm = remembering((url) => {
  const stored = storedUrl(url)
  // Text that is not UTF-8 has a finding of its own
  if (stored === url || url.includes('\ufffd')) return null
  const what = hasOdd(url) ? 'characters that URLs do not have' : 'a scheme in capitals'
  return `${quoteText(url)} has ${what}; right is ${quoteText(stored)}`
})

/** The rules about addresses that makers tell, too, before a torrent is out. */
export const ADDRESS_RULES = {
  /** Finds what looks like a user's key in the trackers of a public torrent: all readers get it. */
  *'passkey-in-public'(torrent: Addresses) {
    if (torrent.private) return
    for (const tracker of namedUrls(torrent).filter(hasSecret))
      yield `tracker ${quoteText(tracker)} holds a passkey, and the torrent is not private: whoever has the torrent can use it`
  },
  /** Finds passwords, signatures and keys in other addresses, which all readers get. */
  *'secret-in-address'(torrent: Addresses) {
    const { updateUrl } = torrent
    const updates = updateUrl === null ? [] : [['update-url', [updateUrl]] as const]
    for (const [kind, urls] of [...seedsByKind(torrent), ...updates]) {
      for (const url of [...urls].filter(hasSecret))
        yield `${kind} ${quoteText(url)} holds a password or key: whoever has the torrent can use it`
    }
  },
  /** Finds an address of newer torrents (BEP 39) that nobody can ask. */
  *'update-not-url'({ updateUrl }: Addresses) {
    if (updateUrl !== null && !isSeed(updateUrl))
      yield `update-url ${quoteText(updateUrl)} is not an http, https or ftp URL`
  },
} satisfies LintRules

/** The rules about trackers and seeds, in the order of their findings. */
export const TRACKER_RULES = {
  /** Finds an announce URL that clients ignore. */
  *'announce-not-in-list'(metainfo) {
    const announce = unlistedAnnounce(metainfo)
    if (announce !== null)
      yield `announce ${quoteText(announce)} is not in the announce list, so clients will not use it`
  },
  /** Finds an empty announce list, and tiers without a tracker. */
  *'empty-tier'({ announceList }) {
    if (announceList?.length === 0) yield 'the announce list is empty'
    for (const [at, tier] of announceList?.entries() ?? []) {
      if (tier.length === 0) yield `tier ${at + 1} of the announce list is empty`
    }
  },
  /** Finds trackers that are not an http, https, udp, ws or wss URL. */
  *'tracker-not-url'(metainfo) {
    for (const tracker of namedUrls(metainfo)) {
      if (!isTracker(tracker) && !isUrlList(tracker)) {
        const port = faultyPort(tracker)
        const why = port === null ? ' is not an http, https, udp, ws or wss URL' : `: ${port}`
        yield `tracker ${quoteText(tracker)}${why}`
      }
    }
  },
  /** Finds trackers that are probably mistyped, or that only the publisher reaches. */
  *'tracker-unlikely'(metainfo) {
    for (const tracker of namedUrls(metainfo)) if (isTracker(tracker)) yield* faultsOf(tracker)
  },
  ...ADDRESS_RULES,
  /** Finds trackers that occur more than once in the announce list. */
  *'tracker-repeated'({ announceList }) {
    const counts = new Map<string, number>()
    for (const tracker of announceList?.flat() ?? []) {
      counts.set(tracker, (counts.get(tracker) ?? 0) + 1)
    }
    for (const [tracker, count] of counts) {
      if (count > 1)
        yield `tracker ${quoteText(tracker)} stands ${count} times in the announce list`
    }
  },
  /** Finds seeds that are not an http, https or ftp URL. */
  *'seed-not-url'(metainfo) {
    for (const [kind, seeds] of seedsByKind(metainfo)) {
      for (const seed of seeds) {
        if (!isSeed(seed) && !isUrlList(seed))
          yield `${kind} ${quoteText(seed)} is not an http, https or ftp URL`
      }
    }
  },
  'seed-unlikely': findUnlikelySeeds,
  /** Finds trackers and seeds that clients drop, or convert each in its own way. */
  *'url-characters'(metainfo) {
    for (const url of namedUrls(metainfo)) {
      const form = isTracker(url) ? rightForm(url) : null
      if (form !== null) yield `tracker ${form}`
    }
    for (const [kind, seeds] of seedsByKind(metainfo)) {
      for (const url of seeds) {
        const form = isSeed(url) ? rightForm(url) : null
        if (form !== null) yield `${kind} ${form}`
      }
    }
  },
  /** Finds trackers and seeds with a comma: probably a list that became a single URL. */
  *'comma-in-url'(metainfo) {
    for (const url of [...namedUrls(metainfo), ...seedsOf(metainfo)]) {
      const beforeUrl = url.includes('|') ? 'a bar before a URL' : 'a blank before a URL'
      const what = url.includes(',') ? 'a comma' : isUrlList(url) && beforeUrl
      if (what) yield `${quoteText(url)} has ${what}, but is one URL, not a list`
    }
  },
  'web-seed-without-slash': findSeedsWithoutSlash,
  /** Finds HTTP seeds without web seeds. libtorrent 2.1 no longer reads HTTP seeds. */
  *'http-seeds-only'({ httpSeeds, webSeeds }) {
    if ((httpSeeds ?? []).length > 0 && (webSeeds ?? []).length === 0)
      yield 'HTTP seeds (httpseeds, BEP 17) but no web seeds: libtorrent 2.1 and later ignores them'
  },
  /** Finds torrents without trackers, nodes and seeds: clients find peers only through the DHT. */
  *'no-tracker'(metainfo) {
    const { nodes } = metainfo
    // Another rule handles private torrents
    if (metainfo.private || announceUrls(metainfo).length > 0) return
    if ((nodes ?? []).length === 0 && seedsOf(metainfo).size === 0) {
      yield 'only the DHT helps clients find peers: no tracker, no seeds'
    }
  },
  /**
   * Finds private torrents without a source. The same files on two trackers then have the same
   * info hash, and a client that has one of the torrents cannot add the other.
   */
  *'private-without-source'(metainfo) {
    if (metainfo.private && (metainfo.source ?? '') === '') {
      yield 'private without info.source: on another tracker it would have the same info hash'
    }
  },
  /** Finds private torrents without a tracker: their peers only come from trackers (BEP 27). */
  *'private-without-tracker'(metainfo) {
    if (metainfo.private && announceUrls(metainfo).length === 0)
      yield 'private without a tracker: no client can find peers'
  },
  /**
   * Finds private torrents with trackers on different hosts. Each tracker then learns the URLs of
   * the others, which often hold a passkey.
   */
  *'private-on-several'(metainfo) {
    if (!metainfo.private) return
    const urls = announceUrls(metainfo).filter((url) => URL.canParse(url))
    const [first, ...others] = new Set(urls.map((url) => new URL(url).hostname))
    if (first !== undefined && others.length > 0) {
      const hosts = [first, ...others].map((host) => quoteText(host)).join(', ')
      yield `private with trackers of different hosts (${hosts}): each gets the URLs of the others`
    }
  },
  /** Finds private torrents with DHT nodes: their peers must only come from trackers (BEP 27). */
  *'private-with-nodes'(metainfo) {
    if (metainfo.private && (metainfo.nodes ?? []).length > 0) {
      yield 'private with DHT nodes: clients must not use them'
    }
  },
  /** Finds a private flag or source outside `info`, where clients ignore it. */
  *'misplaced-key'({ spans }) {
    for (const key of INFO_KEYS) {
      if (spans.has(key)) yield `${key} stands outside info, where clients ignore it`
    }
  },
  /** Finds a creation date in milliseconds. */
  *'date-in-milliseconds'({ creationDate }) {
    if (creationDate === null || creationDate <= LARGEST_SECONDS) return
    const seconds = Math.floor(creationDate / 1000)
    yield `creation date ${creationDate} is more than 3,000 years ahead; if it is milliseconds, the right one is ${seconds}`
  },
} satisfies LintRules

/** The rules of a tracker for torrents; an undefined field allows anything. Sizes are in bytes. */
export interface TrackerRule {
  /** The host, with a port if the rule is for that one only. */
  readonly host: string
  /** Where the rule stands. */
  readonly place: string
  readonly private?: boolean | undefined
  readonly source?: string | undefined
  readonly version?: MetainfoVersion | undefined
  readonly maxPieceLength?: number | undefined
  readonly maxTorrentSize?: number | undefined
}

/** Finds what the rules of a torrent's trackers forbid. */
export function byTrackerRules(rules: readonly TrackerRule[]): LintRule {
  return function* findAgainstTrackers(metainfo) {
    if (rules.length === 0) return
    const hosts = new Set(announceUrls(metainfo).flatMap(hostsOf))
    for (const rule of rules.filter(({ host }) => hosts.has(host)))
      for (const wanted of broken(metainfo, rule))
        yield `${rule.host} wants ${wanted} (${rule.place})`
  }
}

/** The host of a URL with its port and without; none of what is no URL. */
const hostsOf = remembering((url) => {
  const { host, hostname } = URL.canParse(url) ? new URL(url) : {}
  return [host, hostname]
})

function* broken(metainfo: Metainfo, rule: TrackerRule) {
  const { pieceLength, bytes } = metainfo
  const { maxPieceLength = Infinity, maxTorrentSize = Infinity } = rule
  if (rule.private !== undefined && rule.private !== metainfo.private)
    yield rule.private ? 'private torrents' : 'torrents that are not private'
  if (rule.source !== undefined && rule.source !== metainfo.source)
    yield `the source ${quoteText(rule.source)}`
  if (rule.version !== undefined && rule.version !== metainfo.version)
    yield rule.version === 'hybrid' ? 'hybrid torrents' : `torrents of version ${rule.version}`
  if (pieceLength > maxPieceLength) yield `pieces of at most ${maxPieceLength} bytes`
  if (bytes.length > maxTorrentSize) yield `a .torrent of at most ${maxTorrentSize} bytes`
}
