// Packages of others that not all runs need, in bundles of their own: the program would read and
// decode them at each start. They share no state with btkit's code.
import { build } from 'esbuild'
import { leaveOutUnused } from './used-parts.js'

/** The packages of each bundle, which is loaded at the first use of one of them. */
const BUNDLES = {
  redis: ['bullmq', 'ioredis'],
  web: ['@fastify/cookie', '@fastify/csrf', '@fastify/multipart', 'markdown-it', 'mime', 'uqr'],
  yaml: ['yaml'],
}

/** All of these packages. */
export const APART = Object.values(BUNDLES).flat()

/** Makes `require` in a program's text load them from their bundles. */
export function requireApart(text) {
  return Object.entries(BUNDLES).reduce((joined, [bundle, names]) => {
    const any = new RegExp(`require\\(("(?:${names.join('|')})")\\)`, 'g')
    return joined.replace(any, `requireApart("${bundle}",$1)`)
  }, text)
}

/**
 * The function that requireApart names. Modules that need these packages are themselves loaded
 * late, but those that can read a configuration are not.
 */
export const REQUIRE_APART = `
const requireApart = (bundle, name) => {
  const find = () => loadApart(bundle)[name]
  return name === 'yaml' ? requireLate(name, find) : find()
}`

/** Builds the bundles; returns their metafile. */
export async function buildApart(options, seal) {
  const builds = Object.entries(BUNDLES).map(async ([bundle, names]) => {
    const lines = names.map((name) => `get '${name}'() { return own(require('${name}')) },`)
    // An ES module with a default export stands for that, as where it is imported
    const own = 'const own = (found) => (found.__esModule && found.default) || found'
    const contents = `${own}\nmodule.exports = { ${lines.join('\n')} }`
    const plugins = [leaveOutUnused]
    const stdin = { contents, resolveDir: process.cwd(), sourcefile: `${bundle}.cjs` }
    const outfile = `${options.outdir}/${bundle}.cjs`
    const built = await build({
      ...options,
      outdir: undefined,
      outfile,
      stdin,
      plugins,
      minify: true,
    })
    seal(outfile)
    return built
  })
  const built = await Promise.all(builds)
  return { inputs: Object.assign({}, ...built.map(({ metafile }) => metafile.inputs)) }
}
