import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BtkitError } from '../../base/errors.js'
import { splitTarget } from '../../server/headers/target.js'
import { ICON, type Masthead, renderMasthead, renderPage } from '../../page-parts/layout.js'
import { assetPageHeaders } from '../../page-parts/policy.js'
import { endConditional, etagOf } from '../../server/headers/conditional.js'
import { html, type Html, type HtmlValue } from '../../base/text/html.js'
import { Form } from './form.js'

/** The answer to a request: a page, a file, data, or the address of another page. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** The parts of a page. */
export interface PageParts {
  readonly title: string
  readonly content: HtmlValue
  /** Why a form failed, shown above the content. The status is then 400 by default. */
  readonly error?: Pick<Error, 'message'> | undefined
  /** The way back to the first page, such as `../`. */
  readonly root?: string | undefined
  /** Seconds until a browser without scripts loads the page again. */
  readonly refresh?: number | undefined
  readonly status?: number | undefined
  /** Whether it has what is shown once, such as a new password: no browser keeps it. */
  readonly isShownOnce?: boolean | undefined
}

/**
 * A browser keeps pages for its Back, also those that a form was answered with, and for nobody
 * else.
 */
const CACHING = 'private, no-cache'
const HEADERS = { ...assetPageHeaders(), 'Cache-Control': CACHING }

/** Renders a page. The style, script and icon are files beside the first page. */
export function framePage(parts: PageParts, around: Masthead): Answer {
  const { title, content, error, root = '', refresh } = parts
  const status = parts.status ?? (error ? 400 : 200)
  const reload =
    refresh !== undefined &&
    html`<noscript><meta http-equiv="refresh" content="${refresh}" /></noscript>`
  const body = renderPage(
    {
      title: `${error ? 'Error: ' : ''}${title} - ${around.name}`,
      icon: `${root}icon.svg`,
      style: html`<link rel="stylesheet" href="${root}style.css" />`,
      head: html`<script src="${root}script.js" defer blocking="render"></script>
        ${reload}`,
      header: renderMasthead(root, around),
    },
    html`<h1>${title}</h1>
      ${error ? problem(error) : null} ${content}`,
  )
  const headers = parts.isShownOnce ? { ...HEADERS, 'Cache-Control': 'no-store' } : HEADERS
  return { status, headers, body }
}

/** Sends the browser to another page after a change. */
export function seeOther(location: string): Answer {
  return { status: 303, headers: { ...HEADERS, Location: location }, body: '' }
}

/** Answers with data for a script. */
export function json(value: unknown): Answer {
  const headers = { ...HEADERS, 'Content-Type': 'application/json' }
  return { status: 200, headers, body: JSON.stringify(value) }
}

/** Shows what went wrong, as a sentence. */
export function problem({ message }: Pick<Error, 'message'>): Html {
  // Before a colon is a name or path, which stays as it is
  const start = /^[a-z]+ (?!.*: )/.test(message)
    ? message.charAt(0).toUpperCase()
    : message.charAt(0)
  const end = /[.!?]$/.test(message) ? '' : '.'
  return html`<p id="error" class="error" role="alert">${start + message.slice(1) + end}</p>`
}

/** Answers with a file of the pages, such as their style. */
function asset(type: string, body: string) {
  const headers = {
    'Content-Type': `${type}; charset=utf-8`,
    'Cache-Control': CACHING,
    'X-Content-Type-Options': 'nosniff',
    ETag: etagOf(body),
  }
  return { status: 200, headers, body }
}

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
  for (const [name, answer] of Object.entries(files)) {
    app.get(`/${name}`, (request, reply) => {
      const validators = { etag: answer.headers.ETag, lastModified: null }
      reply.headers(answer.headers)
      return endConditional(request, reply, validators) ? reply : send(reply, answer)
    })
  }
}

/** The form that a request sent; empty if it sent none. */
export function formOf({ body }: FastifyRequest): Form {
  return new Form(typeof body === 'string' ? body : '')
}

/** The fields after the question mark. */
export function queryOf({ url }: FastifyRequest): Form {
  return new Form(splitTarget(url)[1])
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
