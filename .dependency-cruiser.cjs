// Layers, the lowest first: a folder may import what its row names, itself, and the small files
// that everybody may use. What is not named here, it does not know.
const SMALL = '^src/(errors|native-addon|digest|monotonic|bounded-call|heap-growth)\\.ts$'
const LEAVES = ['metainfo', 'files', 'hash', 'cache', 'state', 'server']
const LAYERS = {
  // Words made safe for people, whatever they are about
  text: [],
  // Leaves know nothing of each other, so that each is tested and replaced by itself
  ...Object.fromEntries(LEAVES.map((leaf) => [leaf, ['text']])),
  // The use cases do not know whether a person or an HTTP client asks
  core: ['text', 'metainfo', 'files', 'hash', 'cache', 'state'],
  clients: ['text', ...LEAVES, 'core'],
  // What is served: each runs without the other, and both are served by server/
  mirror: ['text', ...LEAVES, 'core', 'clients'],
  tracker: ['text', ...LEAVES, 'core', 'clients'],
  // The command line asks core/ for what is done with a cache
  cli: [
    'text',
    ...LEAVES.filter((leaf) => leaf !== 'cache'),
    'core',
    'clients',
    'mirror',
    'tracker',
  ],
}

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })
const within = (folders) => `^src/(${folders.join('|')})/`
const core = (but) => ({ dependencyTypes: ['core'], pathNot: `^(node:)?(${but})$` })

module.exports = {
  forbidden: [
    ...Object.entries(LAYERS).map(([name, below]) =>
      rule(
        `${name}-imports-down`,
        `${name}/ knows ${below.join(', ') || 'nothing'}`,
        { path: within([name]) },
        { path: '^src/', pathNot: [within([name, ...below]), SMALL] },
      ),
    ),
    rule(
      'small-files-stand-alone',
      'They are below everything',
      { path: SMALL },
      { path: '^src/', pathNot: SMALL },
    ),
    rule(
      'no-circular',
      'A cycle is one idea in two files, or an idea in the wrong file',
      {},
      { circular: true },
    ),
    {
      ...rule(
        'no-folder-cycles',
        'Folders that need each other are one',
        { path: '^src' },
        { circular: true },
      ),
      scope: 'folder',
    },
    rule(
      'no-orphans',
      'A module that nothing reaches is dead',
      {
        orphan: true,
        path: '^src/',
        pathNot: '^src/(hash/jobs/worker|cache/integrity/integrity-check)\\.ts$',
      },
      {},
    ),
    rule(
      'metainfo-is-pure',
      'What touches disks, sockets or the process belongs at the edge',
      { path: within(['metainfo', 'text']) },
      core('crypto|buffer|util'),
    ),
    rule(
      'swarms-are-pure',
      'A million peers can be tested in a second',
      { path: '^src/tracker/(swarms|protocol)/' },
      core('crypto|buffer|util|net'),
    ),
    rule(
      'database-in-its-file',
      'All but store/ sees a Store',
      { path: '^src/', pathNot: '/store/' },
      { path: 'node_modules/lmdb/' },
    ),
    rule(
      'bin-through-main',
      'An executable only hands its arguments on',
      { path: '^bin/' },
      { path: '^(src|dist/src)/', pathNot: 'cli/main\\.(ts|js)$' },
    ),
    rule(
      'people-libraries-in-cli',
      'Words, colours and arguments are for people',
      { path: '^src/', pathNot: '^src/cli/' },
      { path: 'node_modules/(commander|@commander-js|chalk|cli-progress)/' },
    ),
    rule(
      'http-in-servers',
      'Whoever makes torrents need not know HTTP',
      { path: '^src/', pathNot: within(['server', 'mirror', 'tracker']) },
      { path: ['node_modules/(fastify|mime)/', '^(node:)?https?$'] },
    ),
    rule(
      'declared-dependencies',
      'package.json lists what ships',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined'] },
    ),
    rule(
      'resolvable',
      'An import that leads nowhere is a broken program',
      {},
      { couldNotResolve: true, pathNot: '^\\.\\./dist/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
