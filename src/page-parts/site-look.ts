import { isUtf8 } from 'node:buffer'
import { resolve } from 'node:path'
import { BtkitError, usageError } from '../base/errors.js'
import { readRegular } from '../disk/look/read-bounded.js'
import { clipText } from '../base/text/escape.js'
import { html, type Html } from '../base/text/html.js'
import type { SiteLook } from './layout.js'
import { formatMarkdown, MAX_MARKDOWN, VARIATIONS } from './markdown.js'
import { digestedText, InlineStyle } from './policy.js'
import { formatHtml } from './safe-html.js'

/** The files of a look; empty or undefined for none. */
type Files = Readonly<Partial<Record<'siteHeader' | 'siteStyle', string | undefined>>>

/**
 * Reads what the operator of a site adds to all its pages.
 * @throws BtkitError as readRegular, and `usage` for a file that no page can have
 */
export async function readSiteLook(
  { siteHeader, siteStyle }: Files,
  cwd: string,
): Promise<SiteLook> {
  return {
    header: siteHeader ? await readHeader(resolve(cwd, siteHeader)) : null,
    style: siteStyle
      ? new InlineStyle(digestedText(await readStyle(resolve(cwd, siteStyle))))
      : null,
  }
}

async function readHeader(path: string): Promise<Html> {
  const [, ending] = /\.(md|markdown|html?)$/i.exec(path) ?? []
  if (!ending) throw usageError(`${path}: not .md, .markdown, .html or .htm; rename it`)
  const text = (await readText(path)).replace(VARIATIONS, '')
  const content = /^h/i.test(ending) ? formatHtml(text) : await formatMarkdown(text)
  if (!content) throw new BtkitError('too-large', `${path}: too large once formatted; shorten it`)
  return html`<div id="site-header">${content}</div>`
}

/** The end of the style's element, and what the policy of pages blocks. */
const REFUSED = /<\/style|@import|@font-face|url\(\s*["']?(?:[a-z][a-z\d+.-]*:|[/\\]{2})[^)]*\)?/i
const REMEDY = 'pages load only pictures of this server, such as url(/logo.png); remove it'

async function readStyle(path: string): Promise<string> {
  // Browsers do the same before they hash it
  const text = (await readText(path)).replace(/\r\n?/g, '\n')
  const [refused] = REFUSED.exec(text) ?? []
  if (refused === undefined) return text
  throw usageError(`${path}: ${clipText(refused, 60)}: ${REMEDY}`)
}

async function readText(path: string): Promise<string> {
  const { bytes } = (await readRegular(path, MAX_MARKDOWN, null)) ?? { bytes: Buffer.of() }
  if (isUtf8(bytes) && !bytes.includes(0)) return new TextDecoder().decode(bytes)
  throw usageError(`${path}: not text in UTF-8`)
}
