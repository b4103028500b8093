import { stallNote, stallReason, type Stall } from '../../../core/download/stall.js'
import type { ClientTorrent } from '../../../core/publish/client.js'
import { contentSize, type Metainfo } from '../../../metainfo/metainfo.js'
import { formatBytes } from '../../../text/quantity.js'
import type { Io } from '../../io.js'
import { openBar, type Bar } from '../../output/bar.js'
import { openDisplay, type DisplayOptions } from '../../output/torrent-display.js'

/** Shows how a download goes. */
export interface DownloadProgress {
  /** Shows what the torrent does now. */
  readonly look: (torrent: ClientTorrent, stall: Stall | null) => void
  /** Takes a bar away, for what comes after the download. */
  readonly endBar: () => void
  /** Takes away what is shown for the moment alone. */
  readonly clear: () => void
}

/**
 * A bar on a terminal until all is there, or with `isTable` a table; else lines now and then. A line
 * tells a stall, now and then.
 */
export async function openDownloadProgress(
  metainfo: Metainfo,
  { isTable, ...options }: DisplayOptions & { readonly isTable: boolean },
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
      display.show([torrent])
    },
    endBar,
    clear: () => {
      endBar()
      display.clear()
    },
  }
}

interface Shown {
  /** How many bytes were there at first. */
  readonly first: number
  readonly trouble: string | null
}

function updateBar(bar: Bar, torrent: ClientTorrent, { first, trouble }: Shown): void {
  const { bytesDone, size, name } = torrent
  const done = `${formatBytes(bytesDone)} of ${formatBytes(size)}`
  const bytes = Math.max(0, bytesDone - first)
  bar.update({ value: bytesDone, done, bytes, path: name, trouble })
}
