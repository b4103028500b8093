import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { monotonicNow } from '../monotonic.js'
import type { ServerContext } from '../server/context.js'

/** Options of all plugins, beside fastify's own, such as `prefix`. */
export interface PluginOptions {
  /** Whether `/-/metrics` is answered, to everybody who reaches the prefix (default: false). */
  readonly metrics?: boolean | undefined
  /** Receives warnings for the operator (default: the application's log). */
  readonly onWarning?: ((message: string) => void) | undefined
  /** Receives internal errors; their requests get status 500 (default: the application's log). */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** The names of options that every plugin may get; fastify has all but the first three. */
export const PLUGIN_NAMES = [
  'metrics',
  'onWarning',
  'onError',
  'prefix',
  'logLevel',
  'logSerializers',
]

/** Returns a plugin for fastify 5, encapsulated, with a name for fastify's messages. */
export function definePlugin<Options extends PluginOptions>(
  name: string,
  add: (app: FastifyInstance, options: Options) => Promise<void>,
): FastifyPluginAsync<Options> {
  const plugin: FastifyPluginAsync<Options> = async (app, options) => add(app, options)
  return Object.assign(plugin, {
    [Symbol.for('plugin-meta')]: { name, fastify: '5.x' },
    [Symbol.for('fastify.display-name')]: name,
  })
}

/** Returns the clocks and callbacks of a plugin. */
export function worldOf(
  { log }: FastifyInstance,
  { onWarning, onError }: PluginOptions,
): ServerContext {
  return {
    now: () => Date.now(),
    monotonic: monotonicNow,
    warn:
      onWarning ??
      ((message) => {
        log.warn(message)
      }),
    onError:
      onError ??
      ((error) => {
        log.error(error)
      }),
  }
}
