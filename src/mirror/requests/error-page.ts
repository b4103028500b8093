import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { html } from '../../text/html.js'
import { renderPage } from '../../server/pages/layout.js'
import { pageHeaders } from '../../server/pages/policy.js'
import { NotReady } from '../../server/answers/refusal.js'
import { errorResponse, setRetryAfter } from '../../server/answers/errors.js'
import { pageLinks, wantsPage } from './page-wish.js'

/**
 * Sends a browser an error as a page with links back. Returns false for other clients, whose answer
 * the caller sends. `hasListings` says whether directories have pages.
 */
export function sendErrorPage(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { error, hasListings }: { readonly error: unknown; readonly hasListings: boolean },
): boolean {
  reply.header('Vary', 'Accept')
  if (!wantsPage(raw)) return false
  const { status, line } = errorResponse(error)
  const title = `${status} ${STATUS_CODES[status] ?? ''}`
  const { root, directory } = pageLinks(raw.url ?? '')
  const links = [
    error instanceof NotReady && html`<li><a href="">Try again</a></li>`,
    hasListings &&
      directory !== root &&
      html`<li><a href="${directory}">Index of the directory</a></li>`,
    hasListings && html`<li><a href="${root}">Index of the mirror</a></li>`,
    html`<li><a href="${root}-/status">Status of the mirror</a></li>`,
  ]
  const page = renderPage(
    { title },
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
