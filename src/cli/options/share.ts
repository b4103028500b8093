import type { Command } from '../acting-command.js'
import { InvalidArgumentError, type OptionValues } from '@commander-js/extra-typings'
import { nameErrors } from '../../base/errors.js'
import { parseRedisUrl } from '../../fleet/redis/client.js'
import { repeated } from './values.js'
import { FILE, option } from './option.js'

/** Parses the URL of a Redis, or `file:PATH`. */
function checkedUrl(option: string): (text: string) => string {
  return (text) => {
    if (!text.startsWith('file:')) nameErrors(option, () => parseRedisUrl(text))
    return text
  }
}

const NAME = /^[\w.-]{1,64}$/

const namedDirectories = repeated((text) => {
  const at = text.indexOf('=')
  const [name, path] = [text.slice(0, at), text.slice(at + 1)]
  if (at >= 0 && NAME.test(name) && path !== '') return [{ name, path }]
  throw new InvalidArgumentError('not NAME=DIRECTORY, with letters, digits, . _ - in the name')
})

function machineName(text: string): string {
  if (NAME.test(text)) return text
  throw new InvalidArgumentError('not a name of letters, digits, . _ -')
}

export const CACHE_URL = option(
  '--cache-url <url>',
  'share digests through this Redis; file:PATH reads the URL. See ADDRESSES in btkit-fleet(7).',
  { isSecret: true, variable: 'BTKIT_CACHE_URL', parse: checkedUrl('--cache-url') },
)

export const SHARE = option(
  '--share <name=dir>',
  `give a directory its name on all machines (repeatable). A file is the same as one on another
    machine if share, path below it, size and modification time are the same. Files outside of every
    share stay local. Before digests of another machine are adopted, one piece of the file, chosen
    at random, is read and compared. A file of one piece is hashed.`,
  namedDirectories,
)

export const SHARE_KEY_FILE = option(
  '--share-key-file <file>',
  `sign shared records with the key in the first line of this file. Records with the key in the
    second line are accepted, too. Thus keys can be changed. A key has at least 32 characters.
    Without this option nothing is shared.`,
  FILE,
)

export const SHARE_MACHINE = option(
  '--share-machine <name>',
  'set the name of this machine (default: its host name)',
  { parse: machineName },
)

/** Declares all options that share digests with other machines, in a group of their own. */
export function declareShareOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
) {
  return command
    .optionsGroup('Several machines:')
    .opt(...CACHE_URL)
    .opt(...SHARE)
    .opt(...SHARE_KEY_FILE)
}

export function queueOption(description: string) {
  return option('--queue <url>', description, {
    isSecret: true,
    parse: checkedUrl('--queue'),
  })
}

/** The options that share digests, and that ask workers to hash. */
export type ShareArguments = ReturnType<
  ReturnType<typeof declareShareOptions<[], { readonly queue?: string }>>['opts']
>
