import type {
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteGenericInterface,
  RouteHandlerMethod,
} from 'fastify'

/** What answers GET and HEAD; of an answer to HEAD only the headers are sent. */
export type ReadHandler<Route extends RouteGenericInterface> = RouteHandlerMethod<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Route
>

/**
 * Adds a route that is read. The one that fastify itself would add for HEAD says that a body which
 * is not sent has no length.
 */
export function addReadRoute<Route extends RouteGenericInterface>(
  app: FastifyInstance,
  url: string,
  handler: ReadHandler<Route>,
): void {
  app.route<Route>({ method: ['GET', 'HEAD'], url, handler })
}
