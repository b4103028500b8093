import { html, type Html, type HtmlValue } from '../base/text/html.js'
import { formatNumber } from '../base/text/quantity.js'

/** The order and page of a list, as an address names them. */
export interface ListOrder<Key extends string> {
  readonly sort: Key
  readonly isDescending: boolean
  /** Counted from 1. */
  readonly page: number
}

/** Reads order and page; missing and invalid fields get their defaults. */
export function parseOrder<Key extends string>(
  parameters: URLSearchParams,
  keys: readonly Key[],
  standard: Key,
): ListOrder<Key> {
  return {
    sort: keys.find((key) => key === parameters.get('sort')) ?? standard,
    isDescending: parameters.get('order') === 'desc',
    page: pageNumber(parameters.get('page')),
  }
}

/** Reads the number of a page; the default is the first. */
export function pageNumber(text: string | null): number {
  return /^[1-9]\d{0,6}$/.test(text ?? '') ? Number(text) : 1
}

/** The fields by which a form that searches keeps the order. */
export function orderFields({ sort, isDescending }: ListOrder<string>, standard: string): Html {
  return html`${sort !== standard && html`<input type="hidden" name="sort" value="${sort}" />`}
  ${isDescending && DESCENDING}`
}

const DESCENDING = html`<input type="hidden" name="order" value="desc" />`

/** A hidden field; nothing for an empty value. */
export function keptField(name: string, value: string): Html {
  return html`${value !== '' && html`<input type="hidden" name="${name}" value="${value}" />`}`
}

/**
 * The forms of the headings that sort a list; `kept` has hidden fields for what else the page
 * shows.
 */
export function sortForms(kept: HtmlValue): Html {
  return html`<form id="ascending" method="get">${kept}</form>
    <form id="descending" method="get">${kept}${DESCENDING}</form>`
}

/** A value that a table can be sorted by. */
export interface SortValue {
  readonly key: string
  readonly title: string
}

/** Values that begin with the smallest; all others are numbers and times. */
const FROM_A = ['name', 'hash']

/**
 * The heading of a column, with buttons that sort by its values or turn the order around. A link
 * would lead programs that follow links to the same list again and again.
 */
export function sortHeading(
  keys: readonly SortValue[],
  style: string,
  order: ListOrder<string>,
): Html {
  const sorted = keys.some(({ key }) => key === order.sort)
  const state = html`aria-sort="${order.isDescending ? 'descending' : 'ascending'}"`
  const buttons = keys.map(({ key, title }) => {
    const isSorted = order.sort === key
    const isDescending = isSorted ? !order.isDescending : !FROM_A.includes(key)
    const arrow = html`<span aria-hidden="true">${order.isDescending ? ' ↓' : ' ↑'}</span>`
    const form = isDescending ? 'descending' : 'ascending'
    return html`<button form="${form}" name="sort" value="${key}">
      ${title}${isSorted && arrow}
    </button>`
  })
  return html`<th scope="col" class="${style}" ${sorted && state}>${buttons}</th>`
}

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

/** Links to the first, last and nearest pages of a list; nothing if there is one page. */
export function renderPages(
  { page, pages }: Pick<Paged<unknown>, 'page' | 'pages'>,
  address: (page: number) => string,
  label: string,
): Html | false {
  if (pages === 1) return false
  const step = (to: number, text: string, rel: string) =>
    to >= 1 && to <= pages && html`<a href="${address(to)}" rel="${rel}">${text}</a>`
  const middle = Math.min(Math.max(2, page), pages - 1)
  const shown = [...new Set([1, middle - 1, middle, middle + 1, pages])].filter((to) => to >= 1)
  const links = shown.map((to, i) => {
    const gap = to - (shown[i - 1] ?? 0) > 1 && '… '
    if (to === page) return html`${gap}<b aria-current="page">${formatNumber(to)}</b> `
    return html`${gap}<a href="${address(to)}">${formatNumber(to)}</a> `
  })
  return html`<nav class="pages" aria-label="${label}">
    ${step(page - 1, 'previous', 'prev')} ${links} ${step(page + 1, 'next', 'next')}
  </nav>`
}
