import { createHash } from 'node:crypto'
import { Html } from '../base/text/html.js'
import { type BrowserText, PAGE_STYLE } from '../browser/texts.js'

const POLICY = 'Content-Security-Policy'

/** Code of this program or its operator in a page, without any value from elsewhere. */
class Inline {
  /** The element for the page. */
  readonly element: Html
  /** The code's source in the Content-Security-Policy. */
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
  /** `fetches` says whether it sends requests to this server. */
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
 * The Content-Security-Policy of a page: its own styles, forms and pictures of this server, and
 * only the given script.
 */
function policyFor(script: InlineScript | undefined, style: InlineStyle): string {
  return policyOf([
    `style-src ${style.source}`,
    ...(script ? [`script-src ${script.source}`] : []),
    ...(script?.fetches ? ["connect-src 'self'"] : []),
  ])
}

/** The policy with these sources of styles and scripts. */
function policyOf(sources: readonly string[]): string {
  return [
    "default-src 'none'",
    ...sources,
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

/** Headers of everything sent to browsers: they must not guess types or send a Referer. */
export const SAFE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

/** Headers of a page, except its Cache-Control. */
export function pageHeaders(script?: InlineScript, style = USUAL_STYLE) {
  return {
    ...SAFE_HEADERS,
    'Content-Type': 'text/html; charset=utf-8',
    [POLICY]: policyFor(script, style),
  }
}

/** These headers of a page, whose policy also allows the style of its site. */
export function withStyle<Headers extends { readonly [POLICY]?: string }>(
  headers: Headers,
  { style }: { readonly style?: InlineStyle | null },
): Headers {
  const policy = style && headers[POLICY]?.replace('style-src', `style-src ${style.source}`)
  return policy ? { ...headers, [POLICY]: policy } : headers
}

/** Headers of a page whose style and script are files of this server, except its Cache-Control. */
export function assetPageHeaders() {
  const sources = ["style-src 'self'", "script-src 'self'", "connect-src 'self'"]
  return { ...pageHeaders(), [POLICY]: policyOf(sources) }
}
