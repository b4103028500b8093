import type {
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteGenericInterface,
  RouteHandlerMethod,
} from 'fastify'

/** Handler of GET and HEAD; of an answer to HEAD only the headers are sent. */
export type ReadHandler<Route extends RouteGenericInterface> = RouteHandlerMethod<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Route
>

/**
 * Adds a route for GET and HEAD. Fastify's own HEAD route would report the body, which is not sent,
 * as empty.
 */
export function addReadRoute<Route extends RouteGenericInterface>(
  app: FastifyInstance,
  url: string,
  handler: ReadHandler<Route>,
): void {
  app.route<Route>({ method: ['GET', 'HEAD'], url, handler })
}
