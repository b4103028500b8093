import { Option } from '@commander-js/extra-typings'
import { BtkitError } from '../../errors.js'
import { sizeLimit } from './values.js'

/** The option that limits the size of .torrent files that are read, in bytes. */
export function maxTorrentSize() {
  return new Option('--max-torrent-size <size>', 'refuse larger torrents')
    .argParser(sizeLimit)
    .default(64 * 1024 * 1024, '64MiB')
}

/** If a torrent was too large, adds the helpful option to the error. */
export function hintAtMaxSize(error: unknown): unknown {
  if (!(error instanceof BtkitError) || error.code !== 'too-large') return error
  return new BtkitError('too-large', `${error.message} (--max-torrent-size)`, { cause: error })
}
