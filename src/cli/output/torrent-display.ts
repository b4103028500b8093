import { setTimeout } from 'node:timers/promises'
import { count, formatBytes } from '../../base/text/quantity.js'
import type { Io, Output } from '../io.js'
import { type ListedTorrent, listedValue } from './torrent-json.js'
import { MOST_TOLD } from '../../core/keep-seeded/reconcile.js'
import { isScreen } from './messages.js'
import { Report, type ReportOptions } from './report.js'
import { sortTorrents, sumOf, torrentTable } from './torrent-table.js'
import type { ClientTorrent } from '../../core/publish/client.js'
import { stripVTControlCharacters } from 'node:util'
import { wrapColumns } from './bar.js'
import { hideSecrets } from '../../base/text/secrets.js'

/** Options of a display. */
export interface DisplayOptions extends ReportOptions {
  /** Whether lines have the form of BitTornado's btlaunchmany. */
  readonly isLegacy?: boolean
}

/** Shows the state of torrents on standard output, between messages. */
export interface Display {
  readonly show: (torrents: readonly ListedTorrent[]) => void
  /** Its messages are shown below a table. */
  readonly report: Report
  /** Removes everything that is shown only temporarily. */
  readonly clear: () => void
  /** Whether the display is redrawn in place, so that it can follow every change. */
  readonly isLive: boolean
  /** Milliseconds between two updates. */
  readonly interval: number
}

/** Milliseconds between two updates: on a terminal, and in a log; tests have less. */
export const displayPauses = { terminal: 1000, log: 60_000 }

/**
 * Opens a table on a terminal. With `--json` it prints JSON; otherwise a line for each torrent,
 * which a log can use.
 */
export function openDisplay(options: DisplayOptions, io: Io): Display {
  const isLive = isScreen(io.stdout, io.env) && !options.json && !options.quiet
  const table = new LiveTable(io)
  const report = new Report(options, isLive ? { ...io, stderr: table } : io)
  return {
    show: (torrents) => {
      if (isLive) table.show((columns) => torrentTable(sortTorrents(torrents), columns))
      else if (report.isJson)
        for (const torrent of torrents) report.line(listedValue(torrent, null))
      else report.text(logLines(torrents, options.isLegacy === true, io.now()))
    },
    report,
    clear: () => {
      table.close()
    },
    isLive,
    interval: isLive ? displayPauses.terminal : displayPauses.log,
  }
}

/**
 * Lines for a log: of many torrents those with problems or peers, and a sum. `now` is in
 * milliseconds.
 */
function logLines(torrents: readonly ListedTorrent[], isLegacy: boolean, now: number): string[] {
  if (torrents.length === 0) return ['no torrents']
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`
  const lineOf = isLegacy ? legacyLine : (torrent: ListedTorrent) => `${time} ${logLine(torrent)}`
  const isLong = !isLegacy && torrents.length > MOST_TOLD
  const rank = ({ message, peers }: ListedTorrent) => (message === null ? Math.min(1, peers) : 2)
  const first = isLong ? torrents.toSorted((a, b) => rank(b) - rank(a)) : torrents
  const lines = first
    .slice(0, isLong ? MOST_TOLD : undefined)
    .map((each) => hideSecrets(lineOf(each)))
  return isLong ? [...lines, `${time} ${sumOf(torrents)}`] : lines
}

/** Formats a torrent's state for a log: its words are the same at the same places of each line. */
function logLine(torrent: ClientTorrent): string {
  const { infoHash, name, state, peers, uploadRate, message } = torrent
  const rate = `up ${formatBytes(uploadRate)}/s`
  const line = `${infoHash} ${state}, ${count(peers, 'peer')}, ${rate}, ${name}`
  return message === null ? line : `${line}: ${message}`
}

/** Formats a torrent's state in one line, like BitTornado's btlaunchmany. */
function legacyLine(torrent: ClientTorrent): string {
  const { name, state, peers, uploadRate, message } = torrent
  const rates = `u${(uploadRate / 1024).toFixed(1)}K/s-d0.0K/s`
  return `"${name}": "${state}" (100.0%) - ${peers}P ${rates} "${message ?? ''}"`
}

/**
 * Updates and shows torrents again and again, until aborted. `update` looks for changes, each
 * `interval` milliseconds, or after those that it returns, if they are fewer.
 */
export async function followTorrents(
  display: Display,
  interval: number,
  given: AbortSignal,
  update: () => Promise<number>,
  list: () => readonly ListedTorrent[],
): Promise<void> {
  const failing = new AbortController()
  const signal = AbortSignal.any([given, failing.signal])
  let isFirst = true
  const show = () => {
    const torrents = list()
    // Nothing is known before the first look
    if (!isFirst || torrents.length > 0) display.show(torrents)
    return display.interval
  }
  const work = async () => {
    const next = await update()
    if (!signal.aborted && (isFirst || display.isLive)) {
      isFirst = false
      show()
    }
    return Math.min(interval, next)
  }
  try {
    await Promise.all([repeat(signal, work), repeat(signal, show)])
  } finally {
    // If one loop fails, the other ends, too
    failing.abort()
    display.clear()
  }
}

/** Repeats an action that returns the milliseconds of the pause after it, until aborted. */
async function repeat(signal: AbortSignal, act: () => Promise<number> | number): Promise<void> {
  try {
    while (!signal.aborted) await setTimeout(await act(), undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** The assumed size of a terminal whose size is unknown. */
const COLUMNS = 80
const ROWS = 24

/** The most messages shown below the table. */
const MESSAGES = 5

const ENTER = '\u001b[?1049h'
const HOME = '\u001b[H'
const ERASE_LINE = '\u001b[K'
const ERASE_BELOW = '\u001b[J'
// Without this, tmux leaves lines of the table on the normal screen after a resize
const LEAVE = `${HOME}${ERASE_BELOW}\u001b[?1049l`

/** Returns the entries of a table. An entry has one or more lines of at most `columns` columns. */
export type DisplayTable = (columns: number) => readonly string[]

/**
 * A table on the alternate screen of a terminal, redrawn in place and after a resize. Messages go
 * to the normal screen, where they stay. The latest are also shown below the table.
 */
export class LiveTable implements Output {
  #table: DisplayTable | null = null
  #messages: string[] = []
  readonly #redraw = () => {
    this.#draw()
  }

  constructor(private readonly io: Pick<Io, 'stdout' | 'stderr'>) {}

  /** Replaces the table. Entries that do not fit on the terminal are counted. */
  show(table: DisplayTable): void {
    if (!this.#table) {
      this.io.stdout.write(ENTER)
      this.io.stdout.on?.('resize', this.#redraw)
    }
    this.#table = table
    this.#draw()
  }

  /** Writes a permanent message to standard error and redraws the table. */
  write(text: string | Uint8Array): void {
    const lines = stripVTControlCharacters(text.toString()).trimEnd().split('\n')
    this.#messages = [...this.#messages, ...lines].slice(-MESSAGES)
    const isBelow = this.#table !== null && this.io.stderr.isTTY === true
    if (isBelow) this.io.stdout.write(LEAVE)
    this.io.stderr.write(text)
    if (isBelow) this.io.stdout.write(ENTER)
    this.#draw()
  }

  /** Returns to the normal screen. */
  close(): void {
    if (!this.#table) return
    this.#table = null
    this.io.stdout.off?.('resize', this.#redraw)
    this.io.stdout.write(LEAVE)
  }

  #draw(): void {
    if (!this.#table) return
    // A terminal that does not know its size says 0
    const columns = this.io.stdout.columns || COLUMNS
    const rows = this.io.stdout.rows || ROWS
    // The cursor needs the last row
    const room = Math.max(2, rows - 1)
    const told = this.#messages.slice(-Math.floor(room / 4))
    const isRoomy = room >= 4 && told.length > 0
    const wrapped = told.flatMap((line) => wrapColumns(line, columns))
    const below = isRoomy ? ['', ...wrapped.slice(-Math.floor(room / 2))] : []
    const lines = [...fitRows(this.#table(columns), room - below.length), ...below]
    const text = lines.map((line) => `${ERASE_LINE}${line}\r\n`).join('')
    this.io.stdout.write(`${HOME}${text}${ERASE_BELOW}`)
  }
}

/** The lines of the entries that fit. */
function fitRows(entries: readonly string[], room: number): readonly string[] {
  const all = entries.map((entry) => entry.split('\n'))
  if (all.flat().length <= room) return all.flat()
  const lines: string[] = []
  let shown = 0
  for (const entry of all) {
    if (lines.length + entry.length > room - 1) break
    lines.push(...entry)
    shown += 1
  }
  return [...lines, `and ${all.length - shown} more`]
}
