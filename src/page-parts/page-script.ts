import * as texts from '../browser/texts.js'
import { InlineScript } from './policy.js'

/** The script of pages that need no other. */
export const PAGE_SCRIPT = new InlineScript(texts.PAGE_SCRIPT)
