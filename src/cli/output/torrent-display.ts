import { escapeText } from '../../text/escape.js'
import { BtkitError } from '../../errors.js'
import type { Io } from '../io.js'
import { listedLine, type ListedTorrent } from './torrent-json.js'
import { LiveTable } from './live-table.js'
import { reportError, reportNote } from './messages.js'
import { isScreen } from './paint.js'
import { torrentTable } from './torrent-table.js'
import { isBroken, isWhole, type ClientTorrent } from '../../core/publish/client.js'

/** Options of a display. */
export interface DisplayOptions {
  readonly json?: true | undefined
  readonly quiet?: true | undefined
  /** In milliseconds. */
  readonly displayInterval?: number | undefined
}

/** Shows the state of torrents on standard output, between messages. */
export interface Display {
  readonly show: (torrents: readonly ListedTorrent[]) => void
  readonly note: (message: string) => void
  readonly reportError: (error: unknown) => void
  /** Removes everything that is shown only temporarily. */
  readonly clear: () => void
  /** Whether the display is redrawn in place, so that it can follow every change. */
  readonly isLive: boolean
  /** Milliseconds between two updates. */
  readonly interval: number
}

/**
 * Opens a table on a terminal. With `--json` it prints JSON; otherwise lines in BitTornado's
 * format.
 */
export function openDisplay(options: DisplayOptions, io: Io): Display {
  const isLive = isScreen(io.stdout, io.env) && !options.json && !options.quiet
  const table = new LiveTable(io)
  const toTable = {
    write: (text: string | Uint8Array) => {
      table.tell(text.toString())
    },
  }
  const messages = { ...io, stderr: isLive ? toTable : io.stderr }
  return {
    show: isLive
      ? (torrents) => {
          table.show((columns) => torrentTable(torrents, columns))
        }
      : chooseLines(options, io),
    note: (message) => {
      if (!options.quiet) reportNote(message, messages)
    },
    reportError: (error) => {
      reportError(error, messages)
    },
    clear: () => {
      table.close()
    },
    isLive,
    interval: options.displayInterval ?? (isLive ? 1000 : 60_000),
  }
}

function chooseLines({ json, quiet }: DisplayOptions, io: Io): Display['show'] {
  if (json) return (torrents) => io.stdout.write(torrents.map(lineOf).join(''))
  if (quiet) return () => undefined
  return (torrents) => {
    const lines = torrents.length === 0 ? ['no torrents'] : torrents.map(torrentLine)
    io.stdout.write(lines.map((line) => `${line}\n`).join(''))
  }
}

function lineOf(torrent: ListedTorrent): string {
  const { name, state, message } = torrent
  return listedLine(
    torrent,
    isBroken(torrent) ? new BtkitError('client', `${name}: ${message ?? state}`) : null,
  )
}

/** Formats a torrent's state in one line, like BitTornado's launchmany. */
function torrentLine(torrent: ClientTorrent): string {
  const { name, state, size, bytesDone, peers, uploadRate, downloadRate, message } = torrent
  const done = isWhole(torrent) ? 100 : (100 * bytesDone) / size
  const rates = `u${kilobytes(uploadRate)}-d${kilobytes(downloadRate)}`
  const line = `"${name}": "${state}" (${done.toFixed(1)}%) - ${peers}P ${rates} "${message ?? ''}"`
  return escapeText(line)
}

function kilobytes(rate: number): string {
  return `${(rate / 1024).toFixed(1)}K/s`
}
