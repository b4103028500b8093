import type { ClientTorrent } from '../../core/publish/client.js'
import { jsonLine } from '../../text/escape.js'
import type { Io } from '../io.js'
import { LiveTable } from './live-table.js'
import { reportError, reportNote } from './messages.js'
import { isScreen } from './screen.js'
import { torrentLine } from './torrent-line.js'
import { torrentTable } from './torrent-table.js'

/** Columns of a terminal that does not tell. */
const COLUMNS = 80

/** What is to be shown, and how. */
export interface DisplayOptions {
  readonly json?: true | undefined
  readonly quiet?: true | undefined
  /** In milliseconds. */
  readonly displayInterval?: number | undefined
}

/** Shows on standard output what torrents do, between messages. */
export interface Display {
  readonly show: (torrents: readonly ClientTorrent[]) => void
  readonly note: (message: string) => void
  readonly reportError: (error: unknown) => void
  /** Takes away what is shown for the moment alone. */
  readonly clear: () => void
  /** Milliseconds from one show to the next. */
  readonly interval: number
}

/** A table on a terminal; lines of JSON if wanted; else lines as of old. */
export function openDisplay(options: DisplayOptions, io: Io): Display {
  const isLive = isScreen(io.stdout, io.env) && !options.json && !options.quiet
  const table = new LiveTable(io.stdout)
  return {
    show: isLive
      ? (torrents) => {
          table.show(torrentTable(torrents, io.stdout.columns ?? COLUMNS))
        }
      : chooseLines(options, io),
    note: (message) => {
      if (options.quiet) return
      table.clear()
      reportNote(message, io)
    },
    reportError: (error) => {
      table.clear()
      reportError(error, io)
    },
    clear: () => {
      table.clear()
    },
    interval: options.displayInterval ?? (isLive ? 1000 : 60_000),
  }
}

function chooseLines({ json, quiet }: DisplayOptions, io: Io): Display['show'] {
  if (json) return (torrents) => io.stdout.write(torrents.map(jsonLine).join(''))
  if (quiet) return () => undefined
  return (torrents) => {
    const lines = torrents.length === 0 ? ['no torrents'] : torrents.map(torrentLine)
    io.stdout.write(lines.map((line) => `${line}\n`).join(''))
  }
}
