import type { FastifyInstance } from 'fastify'
import { addReadRoute } from '../web/read-route.js'

/** What tells of the service itself, under `/-/`, which stands for no file. */
export function addStatusRoutes(app: FastifyInstance, describe: () => Promise<string>): void {
  const fresh = { 'Cache-Control': 'no-store' }

  addReadRoute(app, '/-/health', (_request, reply) => {
    return reply.headers(fresh).type('text/plain; charset=utf-8').send('ok\n')
  })

  addReadRoute(app, '/-/metrics', async (_request, reply) => {
    return reply
      .headers(fresh)
      .type('text/plain; version=0.0.4')
      .send(await describe())
  })
}
