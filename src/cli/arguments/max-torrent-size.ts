import { Option } from '@commander-js/extra-typings'
import { BtkitError } from '../../errors.js'
import { sizeLimit } from './values.js'

/** The option that bounds the .torrent files a command reads, in bytes. */
export function maxTorrentSize() {
  return new Option('--max-torrent-size <size>', 'refuse larger torrents')
    .argParser(sizeLimit)
    .default(64 * 1024 * 1024, '64MiB')
}

/** What went wrong with a torrent; of one that is too large, with the option that allows it. */
export function hintAtMaxSize(error: unknown): unknown {
  if (!(error instanceof BtkitError) || error.code !== 'too-large') return error
  return new BtkitError('too-large', `${error.message} (--max-torrent-size)`, { cause: error })
}
