import { Option } from '@commander-js/extra-typings'
import { byteSize } from './values.js'

/** The option that bounds the .torrent files a command reads, in bytes. */
export function maxTorrentSize() {
  return new Option('--max-torrent-size <size>', 'refuse larger torrents')
    .argParser(byteSize)
    .default(64 * 1024 * 1024, '64MiB')
}
