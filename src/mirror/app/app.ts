import { fastify, type FastifyInstance } from 'fastify'
import { answerUnknown, mirrorRoutes, sendAsWanted, type RouteParts } from './routes.js'

/** Builds the application that serves only the mirror. */
export function buildApp(parts: RouteParts): FastifyInstance {
  const app = fastify({
    bodyLimit: parts.options.limits.maxBody,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 4096, querystringParser: () => ({}) },
    frameworkErrors: (error, request, reply) => {
      sendAsWanted(request, reply, { error, options: parts.options })
    },
  })
  app.register((scope, _options, done) => {
    answerUnknown(scope, parts)
    mirrorRoutes(scope, parts, done)
  })
  return app
}
