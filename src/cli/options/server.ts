import type { Command } from '../acting-command.js'
import { faultIn, plainUrl } from '../../metainfo/trackers.js'
import * as read from './values.js'
import { InvalidArgumentError, type OptionValues } from '@commander-js/extra-typings'
import { valueOr } from '../../base/errors.js'
import { parseTrustedProxy } from '../../server/connections/client-address.js'
import { DIRECTORY, FILE, type Need, type Traits, option } from './option.js'

const USERS: Need = { oneOf: ['admin-users'], why: 'the file of those who may log in' }
const CURRENT: Need = { oneOf: ['allowed-dir'], why: 'the directory of the current torrents' }

export const TRUST_PROXY = option(
  '--trust-proxy <address>',
  'trust X-Forwarded-For from this address[/bits] or unix (repeatable)',
  read.repeated((text) => {
    const proxy = valueOr(null, () => parseTrustedProxy(text))
    if (proxy) return [proxy]
    throw new InvalidArgumentError('must be unix or an address such as 10.0.0.0/8')
  }),
)

/** Parses the name of a site: a line of text that fits the head of pages. */
function siteName(text: string): string {
  if (/^[^\p{C}]{1,60}$/u.test(text) && text.trim() === text) return text
  throw new InvalidArgumentError('Not a line of 1 to 60 characters without spaces around it.')
}

/** Parses the URL at which clients reach a server. A slash at its end is removed. */
export function publicUrl(text: string): string {
  const url = plainUrl(text)
  if (url !== null) return url
  const isBare = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(text)
  throw new InvalidArgumentError(
    isBare
      ? `no https:// or http:// in front; type http://${text}`
      : (faultIn(text, (other) => plainUrl(other) !== null) ??
          'Not an http or https URL without ?, #, user and password.'),
  )
}

/**
 * Declares the options for the look of pages, in a group of their own. `name` is the usual name.
 */
export function declareSiteOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
  name: string,
) {
  return command
    .optionsGroup('Look of pages:')
    .opt('--site-name <name>', `show this name on all pages (default: ${name})`, {
      parse: siteName,
    })
    .opt('--site-header <file>', 'show this Markdown or HTML above pages', FILE)
    .opt('--site-style <file>', 'add this CSS to all pages', FILE)
}

/** Declares the options of a tracker's administration, in a group of their own. */
export function declareAdminOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
  traits: Traits = {},
  tracker: readonly Need[] = [],
) {
  const ofUsers = { ...traits, needs: [...tracker, USERS] }
  return command
    .optionsGroup('Administration:')
    .opt('--admin-users <file>', 'show pages of administration to the users in this file', {
      ...FILE,
      ...traits,
      needs: tracker,
    })
    .opt(
      '--admin-listen <address>',
      'listen on this HOST:PORT or Unix socket for these pages (default: 127.0.0.1:6970)',
      ofUsers,
    )
    .opt('--admin-url <url>', 'name the public URL of these pages, behind a proxy', {
      ...ofUsers,
      parse: publicUrl,
    })
    .opt(
      '--make-from <dir>',
      'let users make torrents of files below this directory (repeatable)',
      {
        ...DIRECTORY,
        ...ofUsers,
        needs: [...ofUsers.needs, CURRENT],
        ...read.collect,
      },
    )
}

export const TLS_CERT = option('--tls-cert <file>', 'use TLS with this certificate (PEM)', {
  ...FILE,
  needs: [{ oneOf: ['tls-key'] }],
})

export const TLS_KEY = option('--tls-key <file>', 'use this key for TLS (PEM)', {
  ...FILE,
  needs: [{ oneOf: ['tls-cert'] }],
})

export function archiveDirOption(tracker: readonly Need[] = []) {
  const what = 'track the torrents in this directory, too, and list them apart (repeatable)'
  const traits = { ...DIRECTORY, needs: [...tracker, CURRENT] }
  return option('--archive-dir <dir>', what, { ...traits, ...read.collect })
}

export function bannedIpsOption(needs: readonly Need[] = []) {
  return option('--banned-ips <file>', 'ignore the addresses in this file', { ...FILE, needs })
}

export const WEB_TORRENT = 'answer WebTorrent clients, such as browsers, over WebSocket'

export function bannedListOption(needs: readonly Need[] = []) {
  return option('--banned-list <file>', 'refuse the info hashes in this file', { ...FILE, needs })
}
