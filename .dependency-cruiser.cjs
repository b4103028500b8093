// Each folder of src/ may import what its row names, itself, and the small files of src/
const LEAVES = 'metainfo|files|hash|cache|state|server|redis'
const LAYERS = {
  text: 'text', // words made safe for people, whatever they are about
  // Leaves know nothing of each other, so that each is tested and replaced by itself
  ...Object.fromEntries(LEAVES.split('|').map((leaf) => [leaf, 'text'])),
  hash: 'text|metainfo', // sizes, Merkle trees
  cache: 'text|metainfo|files', // sizes, the lock of those that write
  state: 'text|metainfo|files', // sizes, records of what btkit wrote, written as safely
  server: 'text|files', // the access log is opened as safely
  core: 'text|metainfo|files|hash|cache|state|redis', // neither people nor HTTP
  fleet: `text|${LEAVES}|core`, // other processes and machines that hash the same files
  clients: `text|${LEAVES}|core`,
  mirror: `text|${LEAVES}|core|fleet|clients`, // mirror and tracker run without each other
  tracker: `text|${LEAVES}|core|clients`,
  library: `text|${LEAVES}|core|fleet|clients|mirror|tracker`, // programs instead of people
  work: 'text|metainfo|core|pages|library', // what pages let a thread do
  admin: `text|${LEAVES}|core|clients|pages|tracker|library|work`, // pages of a tracker for its people
  gui: 'text|metainfo|state|server|core|pages|library|work', // pages over what programs import; they recall the last form
  seed: 'text|metainfo|files|hash|cache|server|core|clients', // beside mirror and tracker
  cli: 'text|metainfo|files|hash|state|server|redis|core|fleet|clients|mirror|tracker|seed|pages|gui|admin', // a cache is core's matter
}
// Of src/cli/, each folder may import what its row names, itself, and the small files of src/cli/
const CLI = {
  output: '', // words for people
  options: 'output', // which options there are
  line: 'options|output', // what was typed
  configuration: 'line|options|output', // what is set elsewhere
  open: 'configuration|line|options|output', // what options open: caches, clients, services
  editing: 'open|configuration|line|options|output', // shared by the commands that edit torrents
}
const SMALL =
  '^src/(errors|native-addon|bytes|directories|bounded-call|concurrency|heap-growth|http-request|process|steps)\\.ts$'
const ENTRIES = '^src/(hash/jobs/worker|cache/walk-program|.*\\.d)\\.ts$'
const PEOPLE = 'node_modules/(commander|@commander-js|chalk|cli-progress)/'
const HTTP = ['node_modules/(@?fastify|mime)/', '^(node:)?https?$']
const SERVERS = '^src/(server|mirror|tracker|library|pages|gui|admin)/'
const SWARMS = { path: '^src/tracker/(swarms|protocol)/' }
// They decode bytes with less care than strangers need; these files give them only what was checked
const DECODERS = { path: 'node_modules/(bencode|bittorrent-[a-z]+|k-rpc[a-z-]*)/' }
const CHECKED = '^src/seed/dht\\.ts$'
const UNDECLARED = ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined']
const core = (but) => ({ dependencyTypes: ['core'], pathNot: `^(node:)?(${but})$` })
const src = (pathNot) => ({ path: '^(dist/)?src/', pathNot })

// What must not be, why, from where, and to where
const RULES = [
  ...Object.entries(LAYERS).map(([from, to]) => {
    const below = [`^src/(${from}|${to})/`, SMALL]
    return [`${from}-imports-down`, `it knows ${to}`, { path: `^src/${from}/` }, src(below)]
  }),
  ...Object.entries(CLI).map(([from, to]) => {
    const below = [
      `^src/cli/(${[from, ...to.split('|')].filter(Boolean).join('|')})/`,
      '^src/cli/[^/]+$',
    ]
    const others = { path: '^src/cli/', pathNot: below }
    return [
      `cli-${from}-down`,
      `it knows ${to || 'no other'}`,
      { path: `^src/cli/${from}/` },
      others,
    ]
  }),
  [
    'commands-apart',
    'what two of them share is beside them',
    { path: '^src/cli/commands/([^/]+)/' },
    { path: '^src/cli/commands/', pathNot: '^src/cli/commands/$1/' },
  ],
  ['small-files-alone', 'they are below everything', { path: SMALL }, src(SMALL)],
  ['no-circular', 'one idea in two files', {}, { circular: true }],
  ['no-folder-cycles', 'one folder in two', { path: '^src' }, { circular: true }, 'folder'],
  ['no-orphans', 'dead code', { orphan: true, ...src(ENTRIES) }, {}],
  ['pure', 'it computes', { path: '^src/(metainfo|text)/' }, core('crypto|buffer|util')],
  // So that a million peers can be tested in a second
  ['swarms-are-pure', 'no disks or clocks', SWARMS, core('crypto|buffer|util|net')],
  [
    'database-in-its-file',
    'others see a Store',
    src('/store/|/walk-program'),
    { path: 'node_modules/lmdb/' },
  ],
  ['bin-through-main', 'so it is tested', { path: '^bin/' }, src('cli/main\\.(ts|js)$')],
  ['redis-in-its-folder', 'others see a link', src('/redis/'), { path: 'node_modules/ioredis/' }],
  ['queue-in-its-folder', 'others see workers', src('/fleet/'), { path: 'node_modules/bullmq/' }],
  ['people-libraries-in-cli', 'words are for people', src('^src/cli/'), { path: PEOPLE }],
  ['http-in-servers', 'others know none', src(SERVERS), { path: HTTP }],
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
