// Joins the compiled program into one file, and what runs beside it into others: Node spends a third
// of a millisecond on every module it loads, and V8 keeps the compiled code of CommonJS only. The
// quick commands have a file each, without the others.
import { createHash } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { build } from 'esbuild'
import {
  ALL_COMMANDS,
  NO_COMMAND,
  QUICK_COMMANDS,
  REDIS_PACKAGES,
} from '../dist/src/cli/start/bundles.js'
import { JOINED } from './bundle/joined.js'
import { buildForBrowsers } from './bundle/browser.js'
import { buildRedisPackages } from './bundle/redis.js'
import { buildSplit } from './bundle/split.js'
import { thirdPartyLicenses } from './third-party-licenses.js'

const { dependencies, imports, version } = JSON.parse(readFileSync('package.json', 'utf8'))
const packages = Object.keys(dependencies)
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
}

const commonJs = {
  ...shared,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  external: [...packages.filter((name) => !JOINED.includes(name)), ...Object.keys(REDIS_PACKAGES)],
  // A script that V8 compiled before can't import
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'bundleUrl' },
}
// Most paths stand in an address as they are, and to load what knows better takes a while
const bundleUrl = `const bundleUrl = /^[\\w/.+@-]*$/.test(__filename)
  ? 'file://' + __filename : require('node:url').pathToFileURL(__filename).href;`

/**
 * Leaves the modules of other commands out: a bundle is loaded for its own command only, and has that
 * at hand.
 */
function leaveOutCommandsBut(name) {
  const own = `./commands/${name}/command.js`
  const late = `(await import('${own}'))`
  return {
    name: 'one command',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\/commands\// }, ({ path }) =>
        path.startsWith(`./commands/${name}/`) ? undefined : { path, external: true },
      )
      onLoad({ filter: /\bsrc.cli.command-table\.js$/ }, ({ path }) => {
        const code = readFileSync(path, 'utf8')
        if (!code.includes(late)) return undefined
        return { contents: `import * as command from '${own}'\n${code.replace(late, 'command')}` }
      })
    },
  }
}

/**
 * Puts in its place what modules require by what Node takes up to milliseconds to look up. `findAddon`
 * is two spellings of how the addon is found: start.cjs does it, for itself and for all others.
 */
const knownImports = (findAddon) => ({
  name: 'known imports',
  setup({ onLoad }) {
    const replace = (filter, values) => {
      onLoad({ filter }, ({ path }) => {
        let code = readFileSync(path, 'utf8').replace(/^import .* from 'node:module';$/m, '')
        for (const [id, value] of Object.entries(values)) {
          if (!code.includes(id)) throw new Error(`${path} has no ${id}`)
          code = code.replace(id, value)
        }
        return { contents: code }
      })
    }
    replace(/\bsrc.native-addon\.js$/, findAddon)
    const required = (id) => `createRequire(import.meta.url)('${id}')`
    replace(/\bsrc.digest\.js$/, { [required('node:crypto')]: "require('node:crypto')" })
    replace(/\bsrc.cli.options.known-keys\.js$/, { [required('#option-keys')]: optionKeys })
  },
})

/** Spells markdown-it in ASCII: see the end of this file. */
const asciiMarkdown = {
  name: 'ASCII markdown-it',
  setup({ onLoad }) {
    const spell = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
    onLoad({ filter: /node_modules.markdown-it.lib.*\.mjs$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/[^\0-\x7f]/g, spell),
    }))
  },
}

/** Puts the version in its place. */
const knownVersion = {
  name: 'known version',
  setup({ onLoad }) {
    onLoad({ filter: /\bsrc.version\.js$/ }, () => ({
      contents: `export const version = () => ${JSON.stringify(version)}`,
    }))
  },
}
const inStart = knownImports({ 'createRequire(import.meta.url)': 'requireAddon' })
const inProgram = knownImports({ 'search(createRequire(import.meta.url))': 'addonOfStart()' })

const requireAddon = `function requireAddon(id) {
  if (id !== '#piece-hash') return require(id)
  const addon = { exports: {} }
  process.dlopen(addon, __dirname + '/${relative('dist/bundle', imports['#piece-hash'])}')
  return addon.exports
}`

/** Ends a bundle with a digest of all before, by which code-cache.ts knows what was compiled of it. */
function stamp(path) {
  appendFileSync(path, `//${createHash('sha1').update(readFileSync(path)).digest('hex')}`)
}

rmSync('dist/bundle', { recursive: true, force: true })
const optionKeys = `(${readFileSync('dist/option-keys.json', 'utf8')})`
const program = {
  ...commonJs,
  // The function that load-program.ts calls, as Node wraps a module
  banner: { js: `(function (module, require, { __filename, addonOfStart }) {${bundleUrl}` },
  footer: { js: '})' },
}
const esm = {
  ...shared,
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  external: program.external,
}
const entryPoint = 'dist/src/cli/main.js'
const whole = await build({
  ...program,
  entryPoints: { [ALL_COMMANDS]: entryPoint },
  plugins: [inProgram, knownVersion, asciiMarkdown],
})
const programs = await Promise.all(
  [NO_COMMAND, ...QUICK_COMMANDS].map((name) => {
    const plugins = [inProgram, knownVersion, leaveOutCommandsBut(name)]
    return buildSplit({ name, entryPoint, plugins }, { esm, commonJs: program })
  }),
)
const redis = await buildRedisPackages(program)
const files = [ALL_COMMANDS, ...programs.flatMap((each) => each.files), ...redis.files]
for (const file of files) stamp(`dist/bundle/${file}.cjs`)
await build({
  ...commonJs,
  entryPoints: {
    start: 'dist/src/cli/start/start.js',
    'warm-up': 'dist/src/cli/start/warm-up.js',
  },
  banner: { js: requireAddon },
  plugins: [inStart, knownVersion],
})
const workers = await build({
  ...shared,
  format: 'esm',
  entryPoints: {
    worker: 'dist/src/hash/jobs/worker.js',
    'work-program': 'dist/src/work/work-program.js',
    // The library: its threads are the same
    index: 'dist/src/library/index.js',
    metainfo: 'dist/src/library/metainfo.js',
    mirror: 'dist/src/library/mirror.js',
  },
  splitting: true,
  external: program.external,
  plugins: [knownVersion],
})
const browser = await buildForBrowsers({ metainfo: 'dist/src/library/metainfo.js' }, shared)

// load-program.ts takes each byte for a character. esbuild escapes all others, but in regular
// expressions and in templates with a tag.
const lines = [ALL_COMMANDS, ...redis.files].flatMap((file) =>
  readFileSync(`dist/bundle/${file}.cjs`, 'utf8').split('\n'),
)
const odd = lines.find((line) => /[^\0-\x7f]/.test(line))
if (odd !== undefined) throw new Error(`not ASCII, as it has to be in the bundle: ${odd.trim()}`)

const inputs = [
  ...[whole, workers, browser].flatMap(({ metafile }) => Object.keys(metafile.inputs)),
  ...redis.inputs,
  ...programs.flatMap((each) => each.inputs),
]
writeFileSync('dist/bundle/THIRD-PARTY-LICENSES.txt', thirdPartyLicenses(inputs))

await import('./warm-up.js')
