import { html, type Html } from '../../text/html.js'

/** A part of a list that is longer than a page. */
export interface Paged<T> {
  readonly items: readonly T[]
  /** The number of all items. */
  readonly total: number
  /** This page's number, from 1, and the number of pages. */
  readonly page: number
  readonly pages: number
}

/** Cuts a page of a list; a number beyond the last page stands for the last. */
export function paged<T>(items: readonly T[], page: number, length: number): Paged<T> {
  const pages = Math.max(1, Math.ceil(items.length / length))
  const shown = Math.min(page, pages)
  const start = (shown - 1) * length
  return { items: items.slice(start, start + length), total: items.length, page: shown, pages }
}

/** Links to the other pages of a list; nothing if there are none. */
export function renderPages(
  { page, pages }: Pick<Paged<unknown>, 'page' | 'pages'>,
  address: (page: number) => string,
  label: string,
): Html | false {
  if (pages === 1) return false
  const link = (to: number, text: string, rel: string | null = null) =>
    to >= 1 &&
    to <= pages &&
    to !== page &&
    html`<a href="${address(to)}" ${rel && html`rel="${rel}"`}>${text}</a>`
  return html`<nav class="pages" aria-label="${label}">
    ${link(1, 'first')} ${link(page - 1, 'previous', 'prev')} <b>page ${page} of ${pages}</b>
    ${link(page + 1, 'next', 'next')} ${link(pages, 'last')}
  </nav>`
}
