// Joins BullMQ into one file, beside those of the program. Its package cannot be a dependency of the
// published one, because it brings msgpackr-extract, which has an install script.
import { build } from 'esbuild'

/** BullMQ's file, as the other files of dist/bundle name it. */
export const BULLMQ = '../bundle/bullmq.cjs'

const ENTRY = `export { Queue, QueueEvents, UnrecoverableError, WaitingError, Worker } from 'bullmq'`

/** Needed only for repeated jobs, PostgreSQL and Node 14; msgpackr works without its extension. */
const UNUSED = /^(cron-parser|node-abort-controller|msgpackr-extract)$|\/postgres$/

const leaveOutUnused = {
  name: 'unused parts of BullMQ',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'unused' }))
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }))
  },
}

/** Builds `bullmq.cjs`. Returns esbuild's result. */
export function buildBullmq(commonJs) {
  return build({
    ...commonJs,
    stdin: { contents: ENTRY, resolveDir: process.cwd() },
    entryPoints: undefined,
    outdir: undefined,
    outfile: 'dist/bundle/bullmq.cjs',
    outExtension: undefined,
    mainFields: ['module', 'main'],
    plugins: [leaveOutUnused],
  })
}
