import type { FastifyInstance, FastifyReply } from 'fastify'
import { missingRoot } from '../tree/missing-root.js'
import { sendError, sendLine } from '../../server/answers/errors.js'
import { addReadRoute } from '../../server/answers/read-route.js'

export interface StatusParts {
  /** The service's figures, in Prometheus' text format. */
  readonly describe: () => Promise<string>
  /** Whether there is a mirror to serve. */
  readonly isRootThere: () => Promise<boolean>
}

/**
 * What tells of the service itself, under `/-/`, which stands for no file: `health` whether all is
 * as it should be, `ready` whether requests had better be sent here.
 */
export function addStatusRoutes(app: FastifyInstance, parts: StatusParts): void {
  const sendState = async (reply: FastifyReply) => {
    reply.header('Cache-Control', 'no-store')
    if (await parts.isRootThere()) sendLine(reply, 200, 'ok')
    else sendError(reply, missingRoot())
    return reply
  }
  addReadRoute(app, HEALTH, (_request, reply) => sendState(reply))
  // When the service stops, this one is refused like all others
  addReadRoute(app, '/-/ready', (_request, reply) => sendState(reply))

  addReadRoute(app, '/-/metrics', async (_request, reply) => {
    return reply
      .header('Cache-Control', 'no-store')
      .type('text/plain; version=0.0.4')
      .send(await parts.describe())
  })
}

/** Answered while the service stops, too. */
export const HEALTH = '/-/health'
