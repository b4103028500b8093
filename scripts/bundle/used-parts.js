// BullMQ's package cannot be a dependency of the published one, because it brings msgpackr-extract,
// which has an install script. Its parts that are used become part of the program. All of undici, with fetch,
// takes longer to load than a command that asks for one thing.

const USED = {
  bullmq: `export { Queue, QueueEvents, UnrecoverableError, WaitingError, Worker } from 'bullmq'`,
  undici: `
    require('undici/lib/dispatcher/dispatcher').prototype.request = require('undici/lib/api/api-request')
    exports.Agent = require('undici/lib/dispatcher/agent')
    exports.EnvHttpProxyAgent = require('undici/lib/dispatcher/env-http-proxy-agent')
    exports.buildConnector = require('undici/lib/core/connect')`,
}

/**
 * Needed only for repeated jobs, PostgreSQL, Valkey's own client and Node 14; msgpackr works without its extension. No
 * request is over HTTP/2 or by a SOCKS proxy.
 */
const UNUSED =
  /^(cron-parser|node-abort-controller|msgpackr-extract|@valkey\/valkey-glide)$|\/postgres$|\/client-h2\.js$|\/socks5-proxy-agent$/

export const leaveOutUnused = {
  name: 'unused parts of packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(bullmq|undici)$/ }, ({ path, namespace }) =>
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
