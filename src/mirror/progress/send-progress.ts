import type { FastifyReply, FastifyRequest } from 'fastify'
import { pageHeaders } from '../../server/pages/policy.js'
import { NotReady } from '../../server/answers/refusal.js'
import type { TorrentTitle } from './title.js'
import { isProgressAddress, pageLinks, wantsPage } from '../requests/page-wish.js'
import { renderProgressPage, renderReadyPage } from './progress-page.js'
import { REFRESH_SCRIPT } from './refresh-script.js'

/**
 * Answers a browser whose torrent is not ready yet with a page, first under the status that all
 * clients get; false for other clients and other errors, which are the caller's to send.
 */
export function sendProgress(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): boolean {
  if (!(error instanceof NotReady) || error.code !== 'busy' || !wantsPage(raw)) return false
  const { url = '' } = raw
  // What has an address of its own is there
  if (!isProgressAddress(url)) reply.code(503).header('Retry-After', String(error.retryAfter))
  reply.headers(HEADERS).send(renderProgressPage(error, pageLinks(url)))
  return true
}

/** Answers the page on progress, when the torrent is ready; false when something else was asked. */
export function sendReady(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  title: TorrentTitle,
): boolean {
  const { url = '' } = raw
  if (!isProgressAddress(url) || !wantsPage(raw)) return false
  reply.headers(HEADERS).send(renderReadyPage(title, pageLinks(url)))
  return true
}

const HEADERS = { ...pageHeaders(REFRESH_SCRIPT), 'Cache-Control': 'no-store', Vary: 'Accept' }
