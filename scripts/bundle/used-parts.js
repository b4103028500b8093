// BullMQ's package cannot be a dependency of the published one, because it brings msgpackr-extract,
// which has an install script. Its parts that are used become part of the program.

const USED = {
  bullmq: `export { Queue, QueueEvents, UnrecoverableError, WaitingError, Worker } from 'bullmq'`,
}

/**
 * Needed only for repeated jobs, PostgreSQL, Valkey's own client and Node 14; msgpackr works
 * without its extension.
 */
const UNUSED =
  /^(cron-parser|node-abort-controller|msgpackr-extract|@valkey\/valkey-glide)$|\/postgres$/

export const leaveOutUnused = {
  name: 'unused parts of packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^bullmq$/ }, ({ path, namespace }) =>
      namespace === 'used' ? undefined : { path, namespace: 'used' },
    )
    onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'unused' }))
    onLoad({ filter: /./, namespace: 'used' }, ({ path }) => ({
      contents: USED[path],
      resolveDir: process.cwd(),
    }))
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }))
  },
}
