/**
 * The words of all pages: one for each thing, on a mirror, a tracker, its administration and in the
 * window.
 */
export const WORDS = {
  openInApp: 'Open in torrent app',
  copyMagnet: 'Copy magnet',
  downloadTorrent: 'Download .torrent',
  torrentFile: '.torrent',
  download: 'Download',
  copy: 'Copy',
  nameOrHash: 'Name or info hash',
  searchMirror: 'Search the mirror',
  filesAndTorrents: 'Files and torrents',
  showAll: 'show all',
  torrent: 'Torrent',
  torrentOfFolder: 'Torrent of this folder',
  filterFolder: 'Filter this folder',
  allTorrents: 'All torrents',
  archive: 'Archive',
  torrents: 'Torrents',
  status: 'Status',
  seeds: 'Seeds',
  webSeeds: 'Web seeds',
  leechers: 'Leechers',
  seedsOfPeers: 'Seeds of peers',
  get: 'Get',
  announceUrl: 'Announce URL',
  copyAnnounce: 'Copy announce URL',
  filterTorrents: 'Filter these torrents',
  completed: 'Completed',
  name: 'Name',
  size: 'Size',
  changed: 'Changed',
  added: 'Added',
  infoHash: 'Info hash',
  sha256: 'SHA-256',
  file: 'File',
  files: 'Files',
  description: 'Description',
  trackers: 'Trackers',
  withTorrents: 'With aria2',
  commandLine: 'Command line',
  terminal: 'From a terminal',
  isWhole: 'Is it whole?',
  swarm: 'Swarm',
  facts: 'Facts',
  qrCode: 'QR code of the magnet link',
} as const

/** A label or sentence with a capital letter. */
export function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
