import type { MetainfoVersion } from '../../metainfo/metainfo.js'

/** The views of a file or directory: words that follow its name or `?` in an address. */
export const VIEWS = ['torrent', 'magnet', 'btih', 'sha256', 'meta4'] as const

export type ViewName = (typeof VIEWS)[number]

/** The first view that an address names in its query, such as `?torrent`; null if it names none. */
export function askedView(url: string): ViewName | null {
  const end = url.indexOf('?')
  if (end < 0) return null
  const words = url.slice(end + 1).split('&')
  return words.flatMap((word) => VIEWS.find((view) => view === word) ?? [])[0] ?? null
}

/** A view in a name such as `a.iso.torrent`, unless a file has that name. */
export interface NamedView {
  readonly view: ViewName
  /** The name of the file or directory. */
  readonly of: string
}

/** Splits a name into the file's name and its view; null if it ends with none. */
export function namedView(name: string): NamedView | null {
  const view = VIEWS.find((each) => name.endsWith(`.${each}`) && name.length > each.length + 1)
  return view ? { view, of: name.slice(0, -view.length - 1) } : null
}

/**
 * URL of the view of a resource: by its name, or by a query if a file of the mirror has that name
 * (`isTaken`).
 */
export function viewAddress(address: string, view: ViewName, isTaken: boolean): string {
  return `${address}${isTaken ? '?' : '.'}${view}`
}

/** URL of a view by a query, which always works, whatever files the mirror has. */
export function viewByQuery(address: string, view: ViewName): string {
  return viewAddress(address, view, true)
}

/**
 * Most bytes of a torrent of version 2. If nobody waits any more, the progress within a file's tree
 * is lost, so the hashing of a larger file might never end.
 */
export const MOST_V2_BYTES = 2 ** 36

/** The words of a query that ask for another version than 1. */
const ASKED: Readonly<Record<string, MetainfoVersion>> = { v2: 'v2', hybrid: 'hybrid' }

/**
 * The version that an address asks for by its query, `?v2` or `?hybrid`: the first of them, v1 if
 * there is none. Other parameters are ignored.
 */
export function askedVersion(url: string): MetainfoVersion {
  const end = url.indexOf('?')
  if (end < 0) return 'v1'
  const names = url.slice(end + 1).split('&')
  return names.flatMap((name) => (Object.hasOwn(ASKED, name) ? (ASKED[name] ?? []) : []))[0] ?? 'v1'
}
