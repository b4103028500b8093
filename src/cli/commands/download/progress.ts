import { stallNote, stallReason, type Stall } from '../../../core/download/stall.js'
import type { ClientTorrent } from '../../../core/publish/client.js'
import { contentSize, type Metainfo } from '../../../metainfo/metainfo.js'
import { formatBytes } from '../../../text/quantity.js'
import type { Io } from '../../io.js'
import { openBar, type Bar } from '../../output/bar.js'
import { openDisplay, type DisplayOptions } from '../../output/torrent-display.js'

/** Shows the progress of a download. */
export interface DownloadProgress {
  /** Shows the torrent's current state. */
  readonly look: (torrent: ClientTorrent, stall: Stall | null) => void
  /** Removes the bar when the download ends. */
  readonly endBar: () => void
  /** Removes everything that is shown only temporarily. */
  readonly clear: () => void
}

interface ProgressOptions extends DisplayOptions {
  readonly isTable: boolean
  /** The torrent as it was named. */
  readonly torrent: string
  /** The client's label. */
  readonly client: string
}

/**
 * Shows a bar on a terminal, or a table with `isTable`. Without a terminal it prints a line at
 * intervals. A stalled download is reported, too.
 */
export async function openDownloadProgress(
  metainfo: Metainfo,
  { isTable, torrent: source, client, ...options }: ProgressOptions,
  io: Io,
): Promise<DownloadProgress> {
  const display = openDisplay(options, io)
  const wantsBar = !isTable && !options.json && !options.quiet
  let bar = wantsBar ? await openBar(io, contentSize(metainfo)) : null
  let first: number | null = null
  let shownAt = -Infinity
  const endBar = () => {
    bar?.stop()
    bar = null
  }
  return {
    look: (torrent, stall) => {
      first ??= torrent.bytesDone
      if (stall?.isToTell) {
        bar?.pause()
        display.note(stallNote(torrent, metainfo, stall))
      }
      if (bar) {
        updateBar(bar, torrent, { first, trouble: stall && stallReason(torrent, metainfo) })
        return
      }
      if (io.monotonic() - shownAt < display.interval) return
      shownAt = io.monotonic()
      display.show([{ client, torrent: source, ...torrent }])
    },
    endBar,
    clear: () => {
      endBar()
      display.clear()
    },
  }
}

interface Shown {
  /** Number of bytes present at the start. */
  readonly first: number
  readonly trouble: string | null
}

function updateBar(bar: Bar, torrent: ClientTorrent, { first, trouble }: Shown): void {
  const { bytesDone, size, name } = torrent
  const done = `${formatBytes(bytesDone)} of ${formatBytes(size)}`
  const bytes = Math.max(0, bytesDone - first)
  bar.update({ value: bytesDone, done, bytes, path: name, trouble })
}
