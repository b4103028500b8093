import type { Command } from '../acting-command.js'
import { InvalidArgumentError, type OptionValues } from '@commander-js/extra-typings'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { byteRate, wholeNumber } from './values.js'
import { availableParallelism } from 'node:os'
import { DIRECTORY, FILE, option, OFF } from './option.js'

const MAX_RATE = option(
  '--max-rate <size>',
  `limit the read rate per second, such as 50M (default: unlimited). A rate below 64 KiB causes a
    warning, because a unit may be missing.`,
  { parse: byteRate },
)

/** Declares the options of commands that hash files, in a group of their own. */
export function declareReadingOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
) {
  return command
    .optionsGroup('Reading and cache:')
    .opt(...THREADS)
    .opt(...MAX_RATE)
    .opt(...NO_CACHE)
    .opt(...CACHE_DIR)
    .opt(...CACHE_TRUST)
}

/** Declares the options of commands that hash files in passing, in a group of their own. */
export function declareCacheOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
) {
  return command
    .optionsGroup('Reading and cache:')
    .opt(...NO_CACHE)
    .opt(...CACHE_DIR)
}

/** Declares the options of commands that show torrents until interrupted. */
export function declareDisplayOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
) {
  return command
    .optionsGroup('Display:')
    .opt('--json', 'print one JSON object a line for each torrent, each time')
    .opt('-q, --quiet', 'print nothing unless something is wrong')
}

/** The option `--threads`. The default is the number of processors. */
export const THREADS = option(
  '-t, --threads <n>',
  `read and hash with this many threads. If a disk takes long for each call, as a file server does,
    16 more threads read small files. With 1, files are read one after the other. One thread is
    fastest for a single spinning disk.`,
  {
    isForLegacy: true,
    parse: (text) => {
      // mkbrr's -t is a tracker
      if (looksLikeUrl(text))
        throw new InvalidArgumentError('-t is --threads; give a tracker as an argument or with -a')
      return wholeNumber(1, 256)(text)
    },
    default: availableParallelism(),
    defaultText: 'one for each processor',
  },
)

/** The option that names the directory of the content of torrents. */
export const DATA = option(
  '--data <directory>',
  `find the content in this directory (default: beside each torrent). It is looked for under the
    torrent's name.`,
  DIRECTORY,
)

/** The option of commands that read content at URLs. */
export const HEADER_FILE = option(
  '--header-file <file>',
  `send the headers in this file, 'Name: value', to servers of content. Each has a line. They are
    not sent where a server redirects to. Headers that btkit sets itself, as Host and Range, are
    refused.`,
  FILE,
)

/** The option of commands that look at the content of torrents. */
export const FOLLOW_SYMLINKS = option(
  '--follow-symlinks',
  `follow symbolic links that lead outside, too. A torrent that was made with --symlinks 'follow'
    needs it.`,
  OFF,
)

export const CACHE_DIR = option(
  '--cache-dir <path>',
  'use the piece cache in this directory. See btkit-cache(1).',
  {
    takes: 'directory',
    variable: 'BTKIT_CACHE_DIR',
    isForLegacy: true,
  },
)

export const NO_CACHE = option('--no-cache', 'work without the piece cache', {
  isForLegacy: true,
})

/** The option `--cache-trust`: which parts of a file's fingerprint must match. */
export const CACHE_TRUST = option(
  '--cache-trust <what>',
  `choose how an unchanged file is recognized. All of its size, times, inode and device are compared
    with the cache, or with 'mtime' only its size and modification time. Use 'mtime' on NFS, for
    synchronized or hard-linked trees, and where inode numbers change at each look, as on some file
    systems of FUSE; a warning names the latter. A file whose compared values change while it is
    read is an error.`,
  { isForLegacy: true, choices: ['full', 'mtime'], default: 'full' },
)

export function stateDirOption(description: string) {
  return option('--state-dir <path>', description, {
    takes: 'directory',
    variable: 'BTKIT_STATE_DIR',
    isForLegacy: true,
  })
}
