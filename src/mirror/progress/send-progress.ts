import type { FastifyReply, FastifyRequest } from 'fastify'
import { pageHeaders } from '../../server/pages/policy.js'
import { NotReady } from '../../server/answers/refusal.js'
import type { TorrentTitle } from './title.js'
import { isProgressAddress, pageLinks, wantsPage } from '../requests/page-wish.js'
import type { HeaderOptions } from '../requests/site-header.js'
import { renderProgressPage, renderReadyPage } from './progress-page.js'
import { REFRESH_SCRIPT } from './refresh-script.js'

/**
 * Sends a browser a page if its torrent is not ready yet. At the torrent's own address, the page
 * has the status that all clients get. Returns false for other clients and other errors, which the
 * caller must send.
 */
export function sendProgress(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { error, options }: { readonly error: unknown; readonly options: HeaderOptions },
): boolean {
  if (!(error instanceof NotReady) || error.code !== 'busy' || !wantsPage(raw)) return false
  const { url = '' } = raw
  // The progress page has its own address and exists
  if (!isProgressAddress(url)) reply.code(503).header('Retry-After', String(error.retryAfter))
  reply.headers(HEADERS).send(renderProgressPage(error, pageLinks(url), options))
  return true
}

/**
 * Sends the page for a torrent that is ready, if the progress page was asked for; else returns
 * false.
 */
export function sendReady(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { title, options }: { readonly title: TorrentTitle; readonly options: HeaderOptions },
): boolean {
  const { url = '' } = raw
  if (!isProgressAddress(url) || !wantsPage(raw)) return false
  reply.headers(HEADERS).send(renderReadyPage(title, pageLinks(url), options))
  return true
}

const HEADERS = { ...pageHeaders(REFRESH_SCRIPT), 'Cache-Control': 'no-store', Vary: 'Accept' }
