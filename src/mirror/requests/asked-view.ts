/** What can be had of a file or directory beside its bytes: the words that ask for it. */
export const VIEWS = ['torrent', 'magnet', 'btih', 'sha256', 'meta4'] as const

export type ViewName = (typeof VIEWS)[number]

/** The view that an address asks for by its query, such as `?torrent`; null for none, else the first. */
export function askedView(url: string): ViewName | null {
  const end = url.indexOf('?')
  if (end < 0) return null
  const words = url.slice(end + 1).split('&')
  return words.flatMap((word) => VIEWS.find((view) => view === word) ?? [])[0] ?? null
}

/** A view by a name that may be that of no file, such as `a.iso.torrent`. */
export interface NamedView {
  readonly view: ViewName
  /** The name of the file or directory. */
  readonly of: string
}

/** Takes the word off the end of a name; null where there is none. */
export function namedView(name: string): NamedView | null {
  const view = VIEWS.find((each) => name.endsWith(`.${each}`) && name.length > each.length + 1)
  return view ? { view, of: name.slice(0, -view.length - 1) } : null
}
