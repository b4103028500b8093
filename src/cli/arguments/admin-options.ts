import { Option, type Command, type OptionValues } from '@commander-js/extra-typings'
import { publicUrl } from './server-options.js'
import * as read from './values.js'

/** Declares the options of a tracker's administration, in a group of their own. */
export function declareAdminOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
  Globals extends OptionValues,
>(command: Command<Arguments, Options, Globals>) {
  return command
    .optionsGroup('Administration:')
    .option('--admin-users <file>', 'show pages of administration to the users in this file')
    .option(
      '--admin-listen <address>',
      'show them at this HOST:PORT or Unix socket (default: 127.0.0.1:6970)',
    )
    .option('--admin-url <url>', 'use this URL, at which a proxy shows them', publicUrl)
    .option(
      '--make-from <dir>',
      'let users make torrents of files below this directory (repeatable)',
      read.collect,
      [] as string[],
    )
}

export function archiveDirOption() {
  return new Option(
    '--archive-dir <dir>',
    'track the torrents in this directory, too, and list them apart (repeatable)',
  )
    .argParser(paths)
    .default([] as string[])
}

export function bannedIpsOption() {
  return new Option('--banned-ips <file>', 'ignore the addresses in this file')
}

export function bannedListOption() {
  return new Option('--banned-list <file>', 'refuse the info hashes in this file')
}

/** Adds a path. As in bttrack, an empty text means none. */
export function paths(text: string, previous: string[]): string[] {
  return text === '' ? previous : read.collect(text, previous)
}
