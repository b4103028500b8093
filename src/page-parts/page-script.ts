import * as texts from '../browser/texts.js'
import { InlineScript, pageHeaders } from './policy.js'

/** The script of pages that need no other. */
export const PAGE_SCRIPT = new InlineScript(texts.PAGE_SCRIPT)

/** The header fields of these pages, except their Cache-Control. */
export const PAGE_HEADERS = pageHeaders(PAGE_SCRIPT)
