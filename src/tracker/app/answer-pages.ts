import { ICON } from '../../server/pages/masthead.js'
import { SAFE_HEADERS } from '../../server/pages/policy.js'
import { lineAnswer, notFound, type PageAnswer } from '../page/page-answer.js'
import type { PageRequest } from '../page/pages.js'

/** Answers a request for a page. */
export type AnswerPage = (request: PageRequest) => Promise<PageAnswer>

export interface AnswerPagesParts {
  /** Answers a request for a page; null if its path is none. */
  readonly pages: (request: PageRequest) => Promise<PageAnswer | null>
  /** Bytes of /favicon.ico; null for the logo. */
  readonly favicon: Uint8Array | null
  /** Returns the tracker's metrics in Prometheus' text format. */
  readonly describe: () => string
}

/** Creates the function that answers requests for pages. */
export function answerPages(parts: AnswerPagesParts): AnswerPage {
  return async (request) => {
    return fixedAnswer(request.path, parts) ?? (await parts.pages(request)) ?? notFound()
  }
}

/** Answers that need no work: health, metrics and the icon. */
function fixedAnswer(path: string, { favicon, describe }: AnswerPagesParts): PageAnswer | null {
  if (path === '/-/health' || path === '/-/ready') return uncached(lineAnswer(200, 'ok'))
  if (path === '/-/metrics') {
    const type = { 'Content-Type': 'text/plain; version=0.0.4' }
    return uncached({ status: 200, headers: type, body: describe() })
  }
  if (path !== '/favicon.ico') return null
  const type = favicon ? 'image/x-icon' : 'image/svg+xml'
  const headers = { 'Content-Type': type, 'Cache-Control': 'max-age=86400' }
  return { status: 200, headers: { ...SAFE_HEADERS, ...headers }, body: favicon ?? ICON }
}

function uncached(answer: PageAnswer): PageAnswer {
  return { ...answer, headers: { ...answer.headers, 'Cache-Control': 'no-store' } }
}
