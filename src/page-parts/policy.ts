import { createHash } from 'node:crypto'
import { Html } from '../base/text/html.js'
import { type BrowserText, PAGE_STYLE } from '../browser/texts.js'

/** A style or script of a page: its element, and its source in the Content-Security-Policy. */
export interface PageCode {
  readonly element: Html
  readonly source: string
  /** Whether a script sends requests to this server. */
  readonly fetches?: boolean
}

/** Code of this program or its operator in a page, without any value from elsewhere. */
class Inline implements PageCode {
  readonly element: Html
  readonly source: string
  readonly text: string

  constructor(tag: 'script' | 'style', { text, digest }: BrowserText) {
    this.text = text
    this.element = new Html(`<${tag}>${text}</${tag}>`)
    this.source = `'${digest}'`
  }
}

/** A script for a page, which must also work without it. */
export class InlineScript extends Inline {
  constructor(
    text: BrowserText,
    readonly fetches = false,
  ) {
    super('script', text)
  }
}

/** The style of a page, or a further one of its site. */
export class InlineStyle extends Inline {
  constructor(text: BrowserText) {
    super('style', text)
  }
}

/** The style of pages that need no other. */
export const USUAL_STYLE = new InlineStyle(PAGE_STYLE)

/**
 * The Content-Security-Policy of a page: these styles, this script, and forms and pictures of this
 * server.
 */
export function policyFor(script: PageCode | null, styles: readonly PageCode[]): string {
  return [
    "default-src 'none'",
    `style-src ${styles.map(({ source }) => source).join(' ')}`,
    ...(script ? [`script-src ${script.source}`] : []),
    ...(script?.fetches ? ["connect-src 'self'"] : []),
    "img-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** A text that the operator gave, with its digest. */
export function digestedText(text: string): BrowserText {
  return { text, digest: `sha256-${createHash('sha256').update(text).digest('base64')}` }
}
