// Joins the compiled program into one file, and what runs beside it into others: Node spends a
// third of a millisecond on every module it loads, and V8 keeps the compiled code of CommonJS only.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { JOINED } from './bundle/joined.js'
import { buildForBrowsers } from './bundle/browser.js'
import { PRELUDE, requireLate } from './bundle/late.js'
import { APART, buildApart, REQUIRE_APART, requireApart } from './bundle/packages.js'
import { thirdPartyLicenses } from './third-party-licenses.js'

const { dependencies, version } = JSON.parse(readFileSync('package.json', 'utf8'))
const external = Object.keys(dependencies).filter((name) => !JOINED.includes(name))
const shared = {
  outdir: 'dist/bundle',
  bundle: true,
  platform: 'node',
  target: 'node20',
  // The typings' package only passes commander on
  alias: { '@commander-js/extra-typings': 'commander' },
  legalComments: 'eof',
  metafile: true,
  sourcemap: true,
  define: { BUNDLED_VERSION: JSON.stringify(version) },
}
const commonJs = {
  ...shared,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  external,
  // A script that V8 compiled before can't import. Modules of import() wait for their first use.
  supported: { 'dynamic-import': false },
  define: { ...shared.define, 'import.meta.url': 'bundleUrl' },
}

rmSync('dist/bundle', { recursive: true, force: true })
mkdirSync('dist/bundle', { recursive: true })
const { fileCommands } = await import('./command-list.js')
const programs = [await buildProgram('main'), await buildProgram('files', [onlyFileCommands()])]
await build({
  ...commonJs,
  entryPoints: {
    start: 'dist/src/cli/start/start.js',
    'warm-up': 'dist/src/cli/start/warm-up.js',
  },
  banner: { js: PRELUDE },
  define: { ...commonJs.define, FILE_COMMANDS: JSON.stringify(fileCommands) },
})
for (const name of ['start', 'warm-up']) {
  const path = `dist/bundle/${name}.cjs`
  writeFileSync(path, requireLate(readFileSync(path, 'utf8')))
}
const apart = await buildApart(
  {
    ...commonJs,
    ...wrapped(),
    // Parts of each other
    external: external.filter((name) => !APART.includes(name)),
    sourcemap: false,
  },
  seal,
)
const workers = await build({
  ...shared,
  format: 'esm',
  entryPoints: {
    worker: 'dist/src/disk/hash/jobs/worker.js',
    'checkpoint-thread': 'dist/src/disk/cache/checkpoint-thread.js',
    'work-program': 'dist/src/pages/work/work-program.js',
    // The library: its threads are the same
    index: 'dist/src/library/index.js',
    metainfo: 'dist/src/library/metainfo.js',
  },
  splitting: true,
  external: [...external, 'bullmq'],
})
const browser = await buildForBrowsers({ metainfo: 'dist/src/library/metainfo.js' }, shared)

const metafiles = [...programs, apart, workers.metafile, browser.metafile]
const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs))
writeFileSync('dist/bundle/THIRD-PARTY-LICENSES.txt', thirdPartyLicenses(inputs))

await import('./warm-up.js')

/** Builds the program, or a part of it; returns its metafile. */
async function buildProgram(name, plugins = []) {
  const { metafile } = await build({
    ...commonJs,
    entryPoints: { [name]: 'dist/src/cli/main.js' },
    plugins,
    external: [...external, ...APART],
    // A third less to read and to decode at each start
    minify: true,
    ...wrapped(`${PRELUDE}${REQUIRE_APART}`),
  })
  seal(`dist/bundle/${name}.cjs`, (text) => requireLate(requireApart(text)))
  return metafile
}

/** Makes a bundle the function that load-program.ts calls, as Node wraps a module. */
function wrapped(prelude = '') {
  const head = '(function (module, require, { __filename, __dirname, loadApart }) {'
  return { banner: { js: `${head}\n${prelude}` }, footer: { js: '})' } }
}

/** Changes the text of a bundle, and stamps it for load-program.ts. */
function seal(path, change = (text) => text) {
  // ASCII alone is decoded fast. esbuild leaves other characters in comments and regular
  // expressions.
  const spell = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  const text = change(readFileSync(path, 'utf8')).replace(/[^\0-\x7f]/g, spell)
  // By this digest of all before, load-program.ts knows which program compiled code belongs to
  const stamp = createHash('sha1').update(text).digest('hex')
  writeFileSync(path, `${text}//${stamp}`)
}

/**
 * Leaves services and the like out of a program: their code is two thirds, and would be read and
 * decoded at each start, which takes longer than most of what other commands do.
 */
function onlyFileCommands() {
  const namespace = 'left-out'
  const kept = new Set(fileCommands.map(([, name]) => name))
  const setup = ({ onResolve, onLoad }) => {
    onResolve({ filter: /^\.\/commands\// }, ({ path, importer }) => {
      const isOther = !kept.has(path.split('/')[2])
      return isOther && importer.endsWith('/command-list.js') ? { path, namespace } : undefined
    })
    const contents = "throw new Error('this command is not in this file')"
    onLoad({ filter: /./, namespace }, () => ({ contents }))
  }
  return { name: 'only-file-commands', setup }
}
