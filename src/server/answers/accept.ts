/** Types for programs that are served beside pages. */
const FOR_PROGRAMS = ['application/json', 'application/x-bittorrent']

/**
 * Whether a client would rather have a page for people, by its `Accept` header (RFC 9110, section
 * 12.5.1): browsers name HTML there. Programs such as curl name no type, and take whatever comes; a
 * wildcard is no wish for pages.
 */
export function prefersHtml(accept: string | undefined): boolean {
  const html = qualityOf('text/html', accept)
  return html > 0 && FOR_PROGRAMS.every((type) => qualityOf(type, accept) <= html)
}

/** Whether a client names JSON, and likes it as much as HTML or better. */
export function prefersJson(accept: string | undefined): boolean {
  const json = qualityOf('application/json', accept)
  return json > 0 && json >= qualityOf('text/html', accept)
}

/** How much a client wants a type that it names, from 0 to 1; 0 when it does not name it. */
function qualityOf(type: string, accept = ''): number {
  for (const range of accept.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    if (name !== type) continue
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    // What is no number is no wish either
    return quality === undefined ? 1 : Math.min(1, Number(quality.slice(2)) || 0)
  }
  return 0
}
