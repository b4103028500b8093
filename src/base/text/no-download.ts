import { inShell } from './escape.js'

/**
 * Advises the commands of other programs that download a torrent (a file, its URL, or a magnet
 * link), into a directory if that matters.
 */
export function adviseDownload(torrent: string, directory?: string): string {
  const word = inShell(torrent)
  const into = (option: string) => (directory ? `${option} ${inShell(directory)} ` : '')
  const programs = `aria2c ${into('-d')}${word}, transmission-cli ${into('-w')}${word}`
  return `btkit does not download; these do: ${programs}`
}

/**
 * Advises the command of another program that gets the damaged bytes of what is in a directory.
 * Without byte ranges aria2 gets only whole files; of one that is there it asks for parts for ever.
 */
export function adviseRepair(torrent: string, directory: string): string {
  const typed = `aria2c -V -d ${inShell(directory)} ${inShell(torrent)}`
  const first = 'but if its web server has no byte ranges, delete the data first'
  return `btkit does not download; this repairs it: ${typed}, ${first}`
}
