import { html, type Html, type HtmlValue } from '../base/text/html.js'
import { counted } from '../base/text/quantity.js'
import { renderTop } from './layout.js'
import { capitalized, WORDS } from './words.js'

// One search finds the files of a mirror and the torrents of a tracker in the same process, on the
// pages of both.

/** Most characters and words of a search, and most results of each kind. */
export const MOST_SEARCHED = 200
const MOST_WORDS = 8
export const MOST_RESULTS = 100

/** A search as it was typed, and its words in lower case. */
export interface SearchQuery {
  readonly text: string
  readonly words: readonly string[]
  /** Whether more was typed. */
  readonly isCut: boolean
}

/** Reads the search of an address. */
export function parseSearch(query: string): SearchQuery {
  const typed = (new URLSearchParams(query).get('q') ?? '').trim()
  const text = typed.slice(0, MOST_SEARCHED)
  const words = new Set(text.toLowerCase().split(/[\s/]+/))
  words.delete('')
  const isCut = text !== typed || words.size > MOST_WORDS
  return { text, words: [...words].slice(0, MOST_WORDS), isCut }
}

/** The results of one kind, such as files. */
export interface SearchResults {
  /** Null if there are none. */
  readonly table: Html | null
  readonly count: number
  /** Whether there are more. */
  readonly isCut: boolean
  /** A sentence about the search; null for none. */
  readonly note: Html | null
  /** The results as JSON. */
  readonly entries: readonly unknown[]
}

/** A search for files. */
export interface FilesWanted {
  readonly words: readonly string[]
  /** The root of the mirror from the page of results: a way such as `../`, or a URL. */
  readonly root: string
  /** Key of the client; null if it is unknown. */
  readonly client: string | null
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal
}

/** The files that were found. */
export interface FileResults extends SearchResults {
  /** Their addresses from the root of the mirror, such as `./a.iso`. */
  readonly places: ReadonlySet<string>
}

/** A search for torrents; `root` is a URL. */
export interface TorrentsWanted extends Omit<FilesWanted, 'client'> {
  /** The files that were found, whose torrents need not be listed again. */
  readonly except: FileResults['places']
}

/** Of nothing, nothing is found. */
export const NOTHING: SearchResults = {
  table: null,
  count: 0,
  isCut: false,
  note: null,
  entries: [],
}

/** How many of some kind were found. */
function describeFound({ count, isCut }: SearchResults, noun: string): string {
  return `${isCut ? 'first ' : ''}${counted(count, noun)}`
}

/** The title of the page of a search. */
export function searchTitle({ text }: SearchQuery): string {
  return text === '' ? 'Search' : `Search: ${text}`
}

/** The results of a search. Each kind has its title if there are two; `acts` lead elsewhere. */
export function renderResults(
  query: SearchQuery,
  files: SearchResults,
  torrents: SearchResults | null,
  acts: HtmlValue = null,
): Html {
  const kinds = [
    { results: files, title: WORDS.files, noun: 'file' },
    ...(torrents ? [{ results: torrents, title: WORDS.torrents, noun: 'torrent' }] : []),
  ]
  const found = kinds.filter(({ results }) => results.table !== null)
  const isEmpty = kinds.every(({ results }) => !results.table && !results.note)
  const counts = found.map(({ results, noun }) => describeFound(results, noun)).join(' and ')
  const title = counts === '' ? 'Nothing' : capitalized(counts)
  return html`${renderTop({
    title: query.text === '' ? 'Search' : html`${title} with “${query.text}”`,
    acts,
  })}
  ${query.isCut && html`<p>Only the first ${MOST_SEARCHED} characters and ${MOST_WORDS} words count.</p>`}
  ${query.text !== '' && isEmpty && html`<p>Nothing has all these words in its path.</p>`}
  ${kinds.map(({ results: { table, note }, title }) => {
    return [table && found.length > 1 && html`<h2>${title}</h2>`, note, table]
  })}`
}
