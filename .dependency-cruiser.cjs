// Each room of src/ may import what its row names, itself, and the small files of base/
const ROOMS = {
  browser: 'base', // scripts and styles, which run elsewhere; others know their texts
  base: '', // words and helpers, whatever they are about
  metainfo: 'base', // what torrents are, without a disk or a network
  disk: 'base|metainfo', // sizes and Merkle trees of what it hashes and keeps
  server: 'base|disk', // connections and HTTP; the access log is opened as safely as a torrent
  'page-parts': 'browser|base|disk|server', // a page is an answer, and a site's own style is read as safely
  core: 'base|metainfo|disk', // neither people nor servers, and one machine
  fleet: 'base|metainfo|disk|core', // other machines that hash the same files
  seeding: 'base|metainfo|disk|server|core', // a peer, and programs that are peers
  mirror: 'browser|base|metainfo|disk|server|page-parts|core|fleet|seeding', // mirror and tracker run without each other
  library: 'base|metainfo|disk|core|fleet|seeding', // programs instead of people
  pages: 'browser|base|metainfo|disk|server|page-parts|core|library', // pages over what programs import
  tracker: 'browser|base|metainfo|disk|server|page-parts|core|fleet|seeding|library|pages', // with the pages of those who run it
  cli: 'base|metainfo|disk|server|page-parts|core|fleet|seeding|mirror|library|pages|tracker',
}
// Of these rooms, each folder may import what its row names, and itself
const DISK = {
  'file-lists': '', // columns of names and states
  look: 'file-lists', // asks the disk
  write: 'look|file-lists', // drafts, and the locks of those that write
  scan: 'write|look|file-lists', // temporary files are left out
  hash: 'file-lists', // bytes, from wherever they come
  cache: 'write|look|file-lists|scan', // digests by file
  state: 'write|look|file-lists|scan', // records of what btkit wrote
}
const PAGES = {
  work: '', // what pages let a thread do
  forms: 'work', // what all forms share
  gui: 'forms|work', // the pages of one person
}
const MIRROR = {
  tree: '', // what is published, and at which addresses
  files: 'tree', // answers with files
  kept: 'tree', // what is kept in memory between requests
  torrents: 'tree', // makes torrents and digests
  pages: 'torrents|kept|tree', // what people see
  views: 'pages|torrents|kept|tree', // forms of torrents and digests; a browser gets a page
  app: 'views|pages|files|torrents|kept|tree', // takes requests, and puts all together
}
const SEEDING = {
  trackers: '', // announces, and counts of swarms
  clients: '', // programs that seed
  peer: 'trackers', // asks trackers for peers
  'port-mapping': '', // routers, whatever listens behind them
}
const TRACKER = {
  swarms: '', // remembers peers, and keeps them in a file
  allowed: '', // lists of torrents and addresses
  answers: 'allowed|swarms', // one meaning, whatever wire a request comes by
  wires: 'answers|swarms', // HTTP and UDP
  'other-trackers': 'swarms', // trades peers
  pages: 'wires|allowed|swarms', // what people see; a query names a torrent as an announce does
  app: 'pages|other-trackers|wires|answers|allowed|swarms', // puts all together
  admin: 'app|pages|allowed|swarms', // for those who run it; announces are none of its business
}
const TRACKER_PAGES = {
  charts: '', // a month of figures
  overview: 'charts', // all torrents, and the lists that all pages share
  catalogue: 'overview|charts', // torrents by category
}
const ADMIN = {
  access: '', // who is let in
  storage: '', // what is changed
  frame: 'access', // a page knows who sees it
  routes: 'frame|storage|access', // requests for changes
  app: 'frame|storage|access', // lets in; routes are given to it
}
// Of src/cli/, each folder may import what its row names, itself, and the small files of src/cli/
const CLI = {
  output: '', // words for people
  options: 'output', // which options there are
  line: 'options|output', // what was typed
  configuration: 'line|options|output', // what is set elsewhere
  open: 'configuration|line|options|output', // what options open: caches, clients, services
  editing: 'open|configuration|line|options|output', // shared by the commands that edit torrents
  seeding: 'open|configuration|line|options|output', // shared by the commands that seed
}
const SMALL = '^src/base/[^/]+$'
const ENTRIES =
  '^src/(browser/[a-z]+|disk/hash/jobs/worker|disk/cache/checkpoint-thread|.*\\.d)\\.ts$'
const PEOPLE = 'node_modules/(commander|@commander-js|chalk|cli-progress)/'
const HTTP = ['node_modules/(@?fastify|mime)/', '^(node:)?https?$']
const SPEAKERS = '^src/(core/remote|server|mirror|tracker|library|pages)/'
const SWARMS = { path: '^src/tracker/(swarms|answers)/', pathNot: '/state-file' }
const PACKETS = { path: '^src/tracker/wires/(http-(query|answers)|udp-packets)' }
// They decode bytes with less care than strangers need; these files give them only what was checked
const DECODERS = { path: 'node_modules/(bencode|bittorrent-[a-z]+|k-rpc[a-z-]*)/' }
const CHECKED = '^src/seeding/peer/dht\\.ts$'
const UNDECLARED = ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined']
const core = (but) => ({ dependencyTypes: ['core'], pathNot: `^(node:)?(${but})$` })
const src = (pathNot) => ({ path: '^(dist/)?src/', pathNot })

const foldersOf = (room, folders) => {
  return Object.entries(folders).map(([from, to]) => {
    const known = [from, ...to.split('|')].filter(Boolean).join('|')
    const below = [`^src/${room}/(${known})/`, `^src/${room}/[^/]+$`]
    const others = { path: `^src/${room}/`, pathNot: below }
    const why = `it knows ${to || 'no other'}`
    return [`${room}-${from}-down`, why, { path: `^src/${room}/${from}/` }, others]
  })
}
// Loaded only by who uses them, so the rest must not grow because of them; ARCHITECTURE.md names the doors
const EXTRA = { path: '^src/(tracker|seeding|fleet|pages)/' }
const DOORS =
  '^src/(cli/(open|options|seeding|commands)/|cli/io|cli/configuration/form-presets|mirror/app/open-mirror)'

// What must not be, why, from where, and to where
const RULES = [
  ...Object.entries(ROOMS).map(([from, to]) => {
    const below = [`^src/(${from}|${to})/`, SMALL]
    return [`${from}-imports-down`, `it knows ${to}`, { path: `^src/${from}/` }, src(below)]
  }),
  ...foldersOf('disk', DISK),
  ...foldersOf('pages', PAGES),
  ...foldersOf('mirror', MIRROR),
  ...foldersOf('seeding', SEEDING),
  ...foldersOf('tracker', TRACKER),
  ...foldersOf('tracker/pages', TRACKER_PAGES),
  ...foldersOf('tracker/admin', ADMIN),
  ...foldersOf('cli', CLI),
  [
    'commands-apart',
    'what two of them share is beside them',
    { path: '^src/cli/commands/([^/]+)/' },
    { path: '^src/cli/commands/', pathNot: '^src/cli/commands/$1/' },
  ],
  [
    'extra-rooms-have-doors',
    'ARCHITECTURE.md names them',
    { path: '^src/(cli|core|mirror|disk|metainfo|server|page-parts|base)/', pathNot: DOORS },
    EXTRA,
  ],
  [
    'tracker-without-pages',
    'its people are extra',
    { path: '^src/tracker/', pathNot: '^src/tracker/admin/' },
    { path: '^src/(library|pages|tracker/admin)/' },
  ],
  [
    'storage-without-forms',
    'routes read them',
    { path: '^src/tracker/admin/storage/' },
    { path: '^src/pages/' },
  ],
  ['small-files-alone', 'they are below everything', { path: SMALL }, src(SMALL)],
  ['no-circular', 'one idea in two files', {}, { circular: true }],
  ['no-folder-cycles', 'one folder in two', { path: '^src' }, { circular: true }, 'folder'],
  ['no-orphans', 'dead code', { orphan: true, ...src(ENTRIES) }, {}],
  ['pure', 'it computes', { path: '^src/(metainfo|base/text)/' }, core('crypto|buffer|util')],
  // So that a million peers can be tested in a second
  ['swarms-are-pure', 'no disks or clocks', SWARMS, core('crypto|buffer|util|net')],
  ['packets-are-pure', 'they are read and written', PACKETS, core('buffer|util')],
  [
    'database-in-its-file',
    'others see a Store',
    src('/cache/sqlite\\.'),
    { path: 'node_modules/@photostructure/sqlite/' },
  ],
  ['bin-through-main', 'so it is tested', { path: '^bin/' }, src('cli/main\\.(ts|js)$')],
  ['redis-in-its-folder', 'others see a link', src('/redis/'), { path: 'node_modules/ioredis/' }],
  ['queue-in-its-folder', 'others see workers', src('/fleet/'), { path: 'node_modules/bullmq/' }],
  ['people-libraries-in-cli', 'words are for people', src('^src/cli/'), { path: PEOPLE }],
  ['http-where-it-is-spoken', 'others know none', src(SPEAKERS), { path: HTTP }],
  ['strangers-are-read-here', 'our reader comes first', src(CHECKED), DECODERS],
  ['declared', 'package.json lists it', { path: '^src/' }, { dependencyTypes: UNDECLARED }],
  ['resolvable', 'a broken program', {}, { couldNotResolve: true, pathNot: '^\\.\\./dist/' }],
]

module.exports = {
  forbidden: RULES.map(([name, comment, from, to, scope = 'module']) => {
    return { name, comment, from, to, scope, severity: 'error' }
  }),
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
