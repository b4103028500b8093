// Joins the compiled program into a few files, one for each command and one for what they share:
// Node spends a third of a millisecond on every module it loads, and more on commander.
import { readFileSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const joined = ['commander', '@commander-js/extra-typings']

rmSync('dist/bundle', { recursive: true, force: true })
await build({
  entryPoints: {
    main: 'dist/src/cli/main.js',
    'debug-signal': 'dist/src/cli/debug-signal.js',
    worker: 'dist/src/hash/jobs/worker.js',
    'integrity-check': 'dist/src/cache/integrity/integrity-check.js',
  },
  outdir: 'dist/bundle',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: Object.keys(dependencies).filter((name) => !joined.includes(name)),
  // The typings' package only passes commander on
  alias: { '@commander-js/extra-typings': 'commander' },
  // commander is CommonJS, and asks for Node's modules in its way
  banner: {
    js: "import { createRequire as createBundleRequire } from 'node:module'; const require = createBundleRequire(import.meta.url);",
  },
  legalComments: 'eof',
  sourcemap: true,
})
