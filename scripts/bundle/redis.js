// Joins each package for Redis into one file beside those of the program: few runs load them, and V8's
// compiled code of one file can be kept. BullMQ's package cannot be a dependency of the published one,
// because it brings msgpackr-extract, which has an install script.
import { build } from 'esbuild'
import { REDIS_PACKAGES } from '../../dist/src/cli/start/bundles.js'

/** The parts of BullMQ that are used. */
const BULLMQ = `export { Queue, QueueEvents, UnrecoverableError, WaitingError, Worker } from 'bullmq'`

/** Needed only for repeated jobs, PostgreSQL and Node 14; msgpackr works without its extension. */
const UNUSED = /^(cron-parser|node-abort-controller|msgpackr-extract)$|\/postgres$/

const leaveOutUnused = {
  name: 'unused parts of BullMQ',
  setup({ onResolve, onLoad }) {
    const give = (filter, namespace, contents) => {
      onResolve({ filter }, ({ path }) => ({ path, namespace }))
      onLoad({ filter: /./, namespace }, () => ({ contents, resolveDir: process.cwd() }))
    }
    give(/^used:bullmq$/, 'used', BULLMQ)
    give(UNUSED, 'unused', 'module.exports = {}')
  },
}

/** Builds `NAME.cjs` of each package. Returns the names, and the paths of all modules in them. */
export async function buildRedisPackages(program) {
  const files = [...new Set(Object.values(REDIS_PACKAGES))]
  const built = await Promise.all(files.map((file) => buildPackage(file, program)))
  return { files, inputs: built.flatMap(({ metafile }) => Object.keys(metafile.inputs)) }
}

function buildPackage(file, program) {
  const ids = Object.keys(REDIS_PACKAGES).filter((id) => REDIS_PACKAGES[id] === file)
  const loaders = ids.map((id) => {
    return `'${id}': () => require('${id === 'bullmq' ? 'used:bullmq' : id}')`
  })
  const contents = `export const late = { ${loaders.join(', ')} }`
  return build({
    ...program,
    stdin: { contents, resolveDir: process.cwd() },
    // Without comments, which have characters beyond ASCII
    minifyWhitespace: true,
    external: file === 'bullmq' ? ['ioredis'] : [],
    outdir: undefined,
    outfile: `dist/bundle/${file}.cjs`,
    outExtension: undefined,
    mainFields: ['module', 'main'],
    plugins: [leaveOutUnused],
  })
}
