// `btkit/tracker`: a fastify plugin that introduces peers to each other over HTTP. It reads no
// environment and no configuration, and keeps nothing outside of its application.
export { BtkitError, type ErrorCode } from '../errors.js'
export type { PluginOptions } from './plugin.js'
export type { StoreLimits } from '../tracker/swarms/swarm-store.js'
export { tracker, type TrackerLimits, type TrackerOptions } from './tracker-plugin.js'
