import { createHash } from 'node:crypto'
import { Html } from '../../text/html.js'
import { STYLE } from './style.js'

/** A script that a page may hold: it must gain by it, and do without it. */
export class InlineScript {
  /** The element, to be put into the page. */
  readonly element: Html
  /** What the policy calls it. */
  readonly source: string

  /**
   * `text` is JavaScript of this program's own, without any value from elsewhere; `fetches`, whether
   * it asks this server for more.
   */
  constructor(
    text: string,
    readonly fetches = false,
  ) {
    this.element = new Html(`<script>${text}</script>`)
    this.source = sourceOf(text)
  }
}

/** What a page may do: use its own style, forms and pictures of this server, and that script alone. */
function policyFor(script?: InlineScript): string {
  return [
    "default-src 'none'",
    `style-src ${sourceOf(STYLE)}`,
    ...(script ? [`script-src ${script.source}`] : []),
    ...(script?.fetches ? ["connect-src 'self'"] : []),
    "img-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

/** Headers of all that is sent to browsers: it is what it says it is, and nobody learns who links. */
export const SAFE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

/** Headers of a page, but for how long it may be kept. */
export function pageHeaders(script?: InlineScript) {
  return {
    ...SAFE_HEADERS,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policyFor(script),
  }
}
