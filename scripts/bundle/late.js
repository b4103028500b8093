// Modules that bundles load at their first use: commander alone would load child_process for each
// command.

/** Modules that take a millisecond and more to load. */
const COSTLY = [
  '@rgrove/parse-xml',
  'minimatch',
  'node:child_process',
  'node:crypto',
  'node:dgram',
  'node:dns',
  'node:dns/promises',
  'node:fs/promises',
  'node:http',
  'node:https',
  'node:module',
  'node:net',
  'node:readline',
  'node:stream',
  'node:stream/promises',
  'node:timers/promises',
  'node:tls',
  'node:tty',
  'node:v8',
  'node:worker_threads',
  'node:zlib',
  // As detect-libc names it
  'child_process',
]
const REQUIRE = new RegExp(`require\\(("(?:${COSTLY.join('|')})")\\)`, 'g')

/** Makes a bundle's text load them late. */
export function requireLate(text) {
  return text.replace(REQUIRE, 'requireLate($1)')
}

/** Begins each bundle whose text is so changed. */
export const PRELUDE = `const bundleUrl = require('node:url').pathToFileURL(__filename).href;
const requireLate = (name, find = () => require(name)) => {
  let module
  const load = () => (module ??= find())
  return new Proxy({}, {
    get: (_, key) => load()[key],
    ownKeys: () => Reflect.ownKeys(load()),
    getOwnPropertyDescriptor: (_, key) => {
      const own = Reflect.getOwnPropertyDescriptor(load(), key)
      return own && { ...own, configurable: true }
    },
  })
};`
