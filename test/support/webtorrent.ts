import { pseudoRandom } from './pseudo-random.js'

// Their names are not literals, since the packages have no types
const CREATE: string = 'create-torrent'
const PARSE: string = 'parse-torrent'

/** A torrent as webtorrent's packages read it. */
export interface WebtorrentReading {
  readonly infoHash: string
  readonly name: string
  readonly length: number
  readonly pieceLength: number
  readonly pieces: string[]
  readonly private?: boolean
  readonly announce: string[]
  readonly urlList: string[]
  readonly files: { readonly path: string; readonly length: number }[]
}

interface Made {
  /** Lengths of files, by path. */
  readonly files: Readonly<Record<string, number>>
  readonly options: Readonly<Record<string, unknown>>
}

const TRACKERS = [['http://a.example/announce', 'udp://b.example:6969'], ['wss://c.example/']]

/** Torrents of all kinds that webtorrent makes, by name. */
const TORRENTS: Readonly<Record<string, Made>> = {
  'single file': { files: { 'leaves.txt': 362_017 }, options: { announceList: TRACKERS } },
  'without tracker': { files: { 'leaves.txt': 362_017 }, options: {} },
  'shorter than a piece': { files: { alice: 163 }, options: { pieceLength: 16_384 } },
  directory: {
    files: { 'numbers/1.txt': 1, 'numbers/2.txt': 2, 'numbers/3.txt': 3 },
    options: { announceList: TRACKERS, private: true },
  },
  'nested directories': {
    files: { 'films/a/b/c/bunny.ogv': 700_000, 'films/ü/日本.srt': 20, 'films/poster.jpg': 46_000 },
    options: { urlList: ['http://seed.example/files/', 'http://other.example/'], comment: 'ü' },
  },
  'many files': {
    files: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`many/${i}/${i}.txt`, i + 1])),
    options: { source: 'here', info: { collection: 'films' } },
  },
}

/** Torrents that create-torrent makes, by name. */
export async function makeWithWebtorrent(): Promise<Map<string, Buffer>> {
  const made = Object.entries(TORRENTS).map(async ([name, { files, options }]) => {
    return [name, await create(files, options)] as const
  })
  return new Map(await Promise.all(made))
}

async function create(files: Made['files'], options: Made['options']): Promise<Buffer> {
  const { default: createTorrent } = (await import(CREATE)) as {
    default: (
      input: (Buffer & { name?: string })[],
      options: object,
      done: (error: Error | null, torrent: Uint8Array) => void,
    ) => void
  }
  const paths = Object.keys(files)
  const [name = ''] = paths[0]?.split('/') ?? []
  const input = paths.map((path) => {
    return Object.assign(pseudoRandom(files[path] ?? 0), { name: path })
  })
  const fixed = { name, announceList: [], creationDate: new Date(1_700_000_000_000) }
  return new Promise((resolve, reject) => {
    createTorrent(input, { ...fixed, ...options }, (error, torrent) => {
      if (error) reject(error)
      else resolve(Buffer.from(torrent))
    })
  })
}

/** Reads a torrent with parse-torrent. */
export async function readWithWebtorrent(torrent: Uint8Array): Promise<WebtorrentReading> {
  const { default: parseTorrent } = (await import(PARSE)) as {
    default: (torrent: Uint8Array) => Promise<WebtorrentReading>
  }
  return parseTorrent(torrent)
}
