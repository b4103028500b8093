import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'
import { BtkitError } from '../errors.js'
import { notFound } from './answers/refusal.js'

/**
 * Returns an application's prefix without a slash at its end; '' for none.
 * @throws BtkitError `usage` for a prefix with parameters, which no torrent could name
 */
export function plainPrefix(prefix: string): string {
  if (!/[:*?#]/.test(prefix)) return prefix.replace(/\/+$/, '')
  throw new BtkitError('usage', `prefix ${prefix}: has parameters; use a plain path`)
}

/** Scheme and host of a request's target, and the rest. */
const TARGET = /^(https?:\/\/[^/?#]*)?(.*)$/is

/**
 * Removes the prefix from a request's URL, so that a plugin sees its own addresses; `originalUrl`
 * keeps the whole one. Returns whether the slash after the prefix is missing.
 * @throws Refusal if the prefix is spelled in another way, such as with escapes
 */
export function removePrefix(
  prefix: string,
  raw: IncomingMessage & { originalUrl?: string },
): boolean {
  if (prefix === '') return false
  const { url = '' } = raw
  const [, origin = '', target = ''] = TARGET.exec(url) ?? []
  const rest = target.slice(prefix.length)
  const isBare = !rest.startsWith('/')
  raw.originalUrl ??= url
  raw.url = isBare ? `/${rest}` : origin + rest
  if (target.startsWith(prefix) && (!isBare || rest === '' || rest.startsWith('?'))) return isBare
  raw.url = '/'
  throw notFound('this address')
}

/** Leads to the prefix with a slash at its end, so that relative links are right. */
export function redirectInto(prefix: string, raw: IncomingMessage, reply: FastifyReply): void {
  const name = prefix.slice(prefix.lastIndexOf('/') + 1)
  reply.redirect(`./${name}/${raw.url?.slice(1) ?? ''}`)
}
