import { html, type Html } from '../../text/html.js'
import type { Category } from './category.js'

/** The address of a category; `root` is the way to the tracker's first page, such as `../`. */
export function categoryAddress({ path, isArchive }: Category, root: string): string {
  const names = [isArchive ? 'archive' : 'catalogue', ...path.map(encodeURIComponent), '']
  return `${root}${names.join('/')}`
}

/** The way from a category's page to the tracker's first page. */
export function rootFrom({ path }: Category): string {
  return '../'.repeat(path.length + 1)
}

/** The title of a category. */
export function titleOf({ path, isArchive }: Category): string {
  return path.at(-1) ?? (isArchive ? 'Archive' : 'Catalogue')
}

/** The path to a category as links; the last is this page if `name` is null, else `name` is. */
export function renderPath(category: Category, root: string, name: string | null): Html {
  const above: Category[] = []
  for (let each: Category | null = category; each !== null; each = each.parent) above.unshift(each)
  const steps = above.map((each) => {
    return name === null && each === category
      ? html`<li><span aria-current="page">${titleOf(each)}</span></li>`
      : html`<li><a href="${categoryAddress(each, root)}">${titleOf(each)}</a></li>`
  })
  return html`<nav aria-label="Path">
    <ol class="path">
      ${steps} ${name !== null && html`<li><span aria-current="page">${name}</span></li>`}
    </ol>
  </nav>`
}

/** A time as a day, or nothing if it is unknown. */
export function renderDay(ms: number | null): Html | null {
  if (ms === null || ms === 0) return null
  const time = new Date(ms).toISOString()
  return html`<time datetime="${time}">${time.slice(0, time.indexOf('T'))}</time>`
}
