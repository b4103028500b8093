import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BtkitError } from '../errors.js'
import { ICON } from '../server/pages/layout.js'
import { Form } from './form.js'
import { asset, type Answer } from './frame.js'

/** Makes an application accept forms, of at most so many fields, and no other bodies. */
export function acceptForms(app: FastifyInstance, mostFields?: number): void {
  const tooMany = new BtkitError('too-many', `a form has at most ${mostFields} fields`)
  const isMore = (form: string) =>
    mostFields !== undefined && form.split('&', mostFields + 1).length > mostFields
  const type = 'application/x-www-form-urlencoded'
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(type, { parseAs: 'string' }, (_, body, done) => {
    done(isMore(body.toString()) ? tooMany : null, body)
  })
}

/** Adds the files that all pages refer to. */
export function serveFiles(app: FastifyInstance, style: string, script: string): void {
  const files = {
    'style.css': asset('text/css', style),
    'script.js': asset('text/javascript', script),
    'icon.svg': asset('image/svg+xml', ICON),
  }
  for (const [name, answer] of Object.entries(files))
    app.get(`/${name}`, (_, reply) => send(reply, answer))
}

/** The form that a request sent; empty if it sent none. */
export function formOf({ body }: FastifyRequest): Form {
  return new Form(typeof body === 'string' ? body : '')
}

/** The fields after the question mark. */
export function queryOf({ url }: FastifyRequest): Form {
  return new Form(url.split(/\?(.*)/s)[1] ?? '')
}

/** Sends an answer. */
export function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

const STATUSES: Partial<Record<BtkitError['code'], number>> = {
  'not-permitted': 403,
  'not-found': 404,
  'too-large': 413,
  busy: 503,
  changed: 409,
  exists: 409,
  io: 500,
}

/** The status of the answer for an error. */
export function statusOf({ code }: BtkitError): number {
  return STATUSES[code] ?? 400
}

/** Answers errors outside of pages with a line of text. `onError` receives internal ones. */
export function showErrors(app: FastifyInstance, onError: (error: unknown) => void): void {
  const say = (reply: FastifyReply, status: number, text: string) =>
    reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`)
  app.setErrorHandler((error, _, reply) => {
    if (error instanceof BtkitError) return say(reply, statusOf(error), error.message)
    const { statusCode = 500 } = error as { readonly statusCode?: number }
    if (statusCode < 500) return say(reply, statusCode, (error as Error).message)
    onError(error)
    return say(reply, 500, 'internal error')
  })
}
