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
