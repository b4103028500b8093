import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { html } from '../../text/html.js'
import { renderPage } from '../../server/pages/layout.js'
import { pageHeaders } from '../../server/pages/policy.js'
import { NotReady } from '../../server/answers/refusal.js'
import { errorResponse, setRetryAfter } from '../../server/answers/errors.js'
import { hasListings, renderSiteHeader, type HeaderOptions } from './site-header.js'
import { pageLinks, wantsPage } from './page-wish.js'

/**
 * Sends a browser an error as a page with links back. Returns false for other clients, whose answer
 * the caller sends.
 */
export function sendErrorPage(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { error, options }: { readonly error: unknown; readonly options: HeaderOptions },
): boolean {
  reply.header('Vary', 'Accept')
  if (!wantsPage(raw)) return false
  const { status, line } = errorResponse(error)
  const title = `${status} ${STATUS_CODES[status] ?? ''}`
  const { root, directory } = pageLinks(raw.url ?? '')
  const links = [
    error instanceof NotReady && html`<li><a href="">Try again</a></li>`,
    hasListings(options) &&
      directory !== root &&
      html`<li><a href="${directory}">Index of the directory</a></li>`,
  ]
  const page = renderPage(
    { title, header: renderSiteHeader(options, root, null) },
    html`<h1>${title}</h1>
      <p>${line}</p>
      <ul>
        ${links}
      </ul>`,
  )
  setRetryAfter(reply, error)
  reply.code(status).headers(pageHeaders()).send(page)
  return true
}
