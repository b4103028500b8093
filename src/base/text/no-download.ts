import { inShell } from './escape.js'

/**
 * Advises the commands of other programs that download a torrent: a file, its URL, or a magnet
 * link.
 */
export function adviseDownload(torrent: string): string {
  const word = inShell(torrent)
  return `btkit does not download; these do: aria2c ${word}, transmission-cli ${word}`
}
