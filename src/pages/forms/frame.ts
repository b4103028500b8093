import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BtkitError } from '../../base/errors.js'
import { splitTarget } from '../../server/headers/target.js'
import {
  iconAnswer,
  type Masthead,
  type Page,
  renderMasthead,
  renderPage,
  renderTop,
  type Step,
} from '../../page-parts/layout.js'
import { type Answer, redirect, sendAnswer, textAnswer } from '../../server/headers/answer.js'
import { html, type Html, type HtmlValue } from '../../base/text/html.js'
import { Form } from './form.js'

/** The parts of a page. */
export interface PageParts {
  readonly title: string
  readonly content: HtmlValue
  /** The places above it, figures beside the title, and what can be done with the page. */
  readonly above?: readonly Step[]
  readonly sub?: HtmlValue
  readonly acts?: HtmlValue
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
export const CACHING = 'private, no-cache'

/** Answers with a page. The style, script and icon are files beside the first page. */
export function framePage(parts: PageParts, around: Masthead): Page {
  const { title, content, error, root = '', refresh, above, sub = null, acts = null } = parts
  const status = parts.status ?? (error ? 400 : 200)
  const reload =
    refresh !== undefined &&
    html`<noscript><meta http-equiv="refresh" content="${refresh}" /></noscript>`
  const source = "'self'"
  const script = html`<script src="${root}script.js" defer blocking="render"></script>`
  return renderPage(
    {
      title: `${error ? 'Error: ' : ''}${title} - ${around.name}`,
      icon: `${root}icon.svg`,
      style: { element: html`<link rel="stylesheet" href="${root}style.css" />`, source },
      script: { element: html`${script} ${reload}`, source, fetches: true },
      header: renderMasthead(root, around),
      status,
      headers: { 'Cache-Control': parts.isShownOnce ? 'no-store' : CACHING },
    },
    html`${renderTop({ title, above, sub, acts })} ${error ? problem(error) : null} ${content}`,
  )
}

/** Sends the browser to another page after a change. */
export function seeOther(location: string): Answer {
  return { ...redirect(location), status: 303 }
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
    'style.css': textAnswer('text/css; charset=utf-8', style),
    'script.js': textAnswer('text/javascript; charset=utf-8', script),
    'icon.svg': iconAnswer(null),
  }
  for (const [name, answer] of Object.entries(files))
    app.get(`/${name}`, (_, reply) => sendAnswer(reply, answer))
}

/** The form that a request sent; empty if it sent none. */
export function formOf({ body }: FastifyRequest): Form {
  return new Form(typeof body === 'string' ? body : '')
}

/** The fields after the question mark. */
export function queryOf({ url }: FastifyRequest): Form {
  return new Form(splitTarget(url)[1])
}
