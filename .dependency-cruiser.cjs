const leaf = (name) => ({
  name: `${name}-stands-alone`,
  comment: `${name}/ is a leaf: it knows text/, errors.ts, native-addon.ts, digest.ts, monotonic.ts, bounded-call.ts and nothing of its siblings or of what is above, so that it can be tested and replaced by itself.`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: {
    path: '^src/',
    pathNot: [
      `^src/${name}/`,
      '^src/text/',
      '^src/(errors|native-addon|digest|monotonic|bounded-call)\\.ts$',
    ],
  },
})

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle means that two files are one idea, or that one idea is in the wrong file.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-folder-cycles',
      comment:
        'Folders that need each other are one folder, or something in one of them belongs into the other.',
      scope: 'folder',
      severity: 'error',
      from: { path: '^src' },
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A module that nothing reaches is dead code.',
      severity: 'error',
      from: {
        orphan: true,
        path: '^src/',
        pathNot: '^src/(hash/jobs/worker|cache/integrity/integrity-check)\\.ts$',
      },
      to: {},
    },
    {
      name: 'errors-know-nothing',
      comment:
        'errors.ts is the bottom of everything: importing from above would turn the layers over.',
      severity: 'error',
      from: { path: '^src/errors\\.ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'native-addon-knows-nothing',
      comment:
        'native-addon.ts only loads what was built; what its functions do is for others to say.',
      severity: 'error',
      from: { path: '^src/native-addon\\.ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'text-knows-nothing',
      comment: 'text/ makes words safe for people, whatever they are about.',
      severity: 'error',
      from: { path: '^src/text/' },
      to: { path: '^src/', pathNot: '^src/(text/|errors\\.ts$)' },
    },
    leaf('metainfo'),
    leaf('files'),
    leaf('hash'),
    leaf('cache'),
    leaf('state'),
    leaf('web'),
    {
      name: 'metainfo-is-pure',
      comment:
        'metainfo/ computes: what touches disks, sockets or the process belongs at the edge, where it can be seen.',
      severity: 'error',
      from: { path: '^src/(metainfo|text)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|util)$' },
    },
    {
      name: 'core-below-people',
      comment:
        'core/ holds the use cases: it must not know whether a person or an HTTP client asks.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/(cli|service|tracker|clients|web)/' },
    },
    {
      name: 'servers-below-cli',
      comment: 'Servers are started by the command line, never the other way round.',
      severity: 'error',
      from: { path: '^src/(service|tracker)/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'servers-apart',
      comment:
        'The service and the tracker run without each other; the command line puts them together, and what both need is in web/.',
      severity: 'error',
      from: { path: '^src/(service|tracker)/' },
      to: { path: '^src/(service|tracker)/', pathNot: '^src/$1/' },
    },
    {
      name: 'swarms-are-pure',
      comment:
        'Swarms and protocols compute: sockets, disks and clocks belong at the edge, so that a million peers can be tested in a second.',
      severity: 'error',
      from: { path: '^src/tracker/(swarms|protocol)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|util|net)$' },
    },
    {
      name: 'cli-through-core',
      comment:
        'The command line asks core/ for what is done with a cache; how a cache works is not its matter.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/cache/' },
    },
    {
      name: 'database-in-its-file',
      comment:
        'A database is named only in its own file under a store/: everything else sees a Store.',
      severity: 'error',
      from: { path: '^src/', pathNot: '/store/' },
      to: { path: 'node_modules/lmdb/' },
    },
    {
      name: 'bin-through-main',
      comment:
        'An executable only hands its arguments to cli/main.ts; what it did beside that could not be tested in-process.',
      severity: 'error',
      from: { path: '^bin/' },
      to: { path: '^(src|dist/src)/', pathNot: 'cli/main\\.(ts|js)$' },
    },
    {
      name: 'people-libraries-in-cli',
      comment:
        "Words, colours, bars and arguments are the command line's own; below it they would leak into the service.",
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: 'node_modules/(commander|@commander-js|chalk|cli-progress)/' },
    },
    {
      name: 'http-in-servers',
      comment:
        'HTTP is spoken in the service and the tracker alone; what hashes and writes torrents must not know that there is any.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(service|tracker|web)/' },
      to: { path: ['node_modules/(fastify|mime)/', '^(node:)?https?$'] },
    },
    {
      name: 'declared-dependencies',
      comment:
        'What ships may import only what package.json lists, or it works here and nowhere else.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined'] },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere is a broken program.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^\\.\\./dist/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
