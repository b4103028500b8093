import type { ClientTorrent } from '../../../core/publish/client.js'
import { formatBytes } from '../../../text/quantity.js'
import type { Io } from '../../io.js'
import { openBar, type Bar } from '../../output/bar.js'
import { openDisplay, type DisplayOptions } from '../../output/torrent-display.js'

/** Shows how a download goes. */
export interface DownloadProgress {
  /** What the torrent does now. */
  readonly look: (torrent: ClientTorrent) => void
  /** Takes a bar away, for what comes after the download. */
  readonly endBar: () => void
  /** Takes away what is shown for the moment alone. */
  readonly clear: () => void
}

/** A bar on a terminal until all is there, or with `isTable` a table; else lines now and then. */
export async function openDownloadProgress(
  { size }: { readonly size: number },
  { isTable, ...options }: DisplayOptions & { readonly isTable: boolean },
  io: Io,
): Promise<DownloadProgress> {
  const display = openDisplay(options, io)
  const wantsBar = !isTable && !options.json && !options.quiet
  let bar = wantsBar ? await openBar(io, size) : null
  let first: number | null = null
  let shownAt = -Infinity
  const endBar = () => {
    bar?.stop()
    bar = null
  }
  return {
    look: (torrent) => {
      first ??= torrent.bytesDone
      if (bar) {
        updateBar(bar, torrent, first)
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

function updateBar(bar: Bar, { bytesDone, size, name }: ClientTorrent, first: number): void {
  const done = `${formatBytes(bytesDone)} of ${formatBytes(size)}`
  bar.update({ value: bytesDone, done, bytes: Math.max(0, bytesDone - first), path: name })
}
