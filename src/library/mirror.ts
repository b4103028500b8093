// `btkit/mirror`: a fastify plugin that serves files and makes their torrents on demand. It reads no
// environment and no configuration, and keeps nothing outside of its application.
export { BtkitError, type ErrorCode } from '../errors.js'
export {
  mirror,
  type MirrorLimits,
  type MirrorOptions,
  type PluginOptions,
  type WarmFilesOptions,
} from './mirror-plugin.js'
export type { ServiceLimits } from '../mirror/options.js'
