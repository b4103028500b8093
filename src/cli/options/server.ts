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
  `trust X-Forwarded-For from this address[/bits] or unix (repeatable). With 'unix', all peers on
    Unix sockets are trusted. The client is the last address in that header that is not a trusted
    proxy; it may have a port and brackets. A trusted proxy that sends no address is warned of once.
    A tracker in the same process trusts the same proxies.`,
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
    .opt(
      '--site-name <name>',
      `show this name on all pages (default: ${name}). It has up to 60 characters.`,
      { parse: siteName },
    )
    .opt(
      '--site-header <file>',
      `show this Markdown or HTML above pages, also on those of a tracker. The name of a Markdown
        file ends in .md or .markdown, that of an HTML file in .html or .htm. Markdown is formatted
        like that of a README, and HTML in it is text. An HTML file keeps its text, headings, lists,
        tables and links, with 'class', 'title' and 'href'. Scripts, styles, forms and all other
        elements and attributes are left out. Instead of a picture, its description ('alt') is
        shown. Headings are below those of the page: 'h1' becomes 'h3'. Links lead to http, https or
        this server. A path begins with a slash, because pages are in many directories.`,
      FILE,
    )
    .opt(
      '--site-style <file>',
      `add this CSS to all pages, after their own. '#site-header' is the element of --site-header.
        Pictures are loaded only from this server, for example by 'url(/logo.png)'. Other styles and
        fonts are not loaded. A file with '@import', '@font-face', '</style' or another server's URL
        is refused.`,
      FILE,
    )
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
    .opt(
      '--admin-users <file>',
      'show pages of administration to the users in this file. See ADMINISTRATION.',
      { ...FILE, ...traits, needs: tracker },
    )
    .opt(
      '--admin-listen <address>',
      `listen on this HOST:PORT or Unix socket for these pages (default: 127.0.0.1:6970). An address
        that other machines reach needs --tls-cert or --trust-proxy.`,
      ofUsers,
    )
    .opt(
      '--admin-url <url>',
      `name the public URL of these pages, behind a proxy. The proxy may pass the path of the URL
        on, or remove it. Unless the URL begins with 'http:', a request is refused if a trusted
        proxy says by 'X-Forwarded-Proto: http' that it was sent in plain text. With 'https:', or
        with --tls-cert, answers make browsers use only HTTPS for this host (HSTS).`,
      { ...ofUsers, parse: publicUrl },
    )
    .opt(
      '--make-from <dir>',
      `let users make torrents of files below this directory (repeatable). Needs --allowed-dir.
        Links that lead out of it are not followed.`,
      { ...DIRECTORY, ...ofUsers, needs: [...ofUsers.needs, CURRENT], ...read.collect },
    )
}

export const TLS_CERT = option(
  '--tls-cert <file>',
  `use TLS with this certificate chain (PEM). Unix sockets stay plain HTTP. It and the key
    are read again when they changed, within a minute or on SIGHUP. An invalid pair is rejected, and
    the old one is used. A warning comes 14 days before the end. TLS is 1.2 or later; with 1.2, only
    ECDHE with AES-GCM or ChaCha20 is used.`,
  {
    ...FILE,
    needs: [{ oneOf: ['tls-key'] }],
  },
)

export const TLS_KEY = option(
  '--tls-key <file>',
  'use this key for TLS (PEM). A key that all users can read or write causes a warning.',
  {
    ...FILE,
    needs: [{ oneOf: ['tls-cert'] }],
  },
)

export function archiveDirOption(tracker: readonly Need[] = []) {
  const what = `track the torrents in this directory, too, and list them apart (repeatable).
    Requires --allowed-dir, and may be inside such a directory; see CATALOGUE.`
  const traits = { ...DIRECTORY, needs: [...tracker, CURRENT] }
  return option('--archive-dir <dir>', what, { ...traits, ...read.collect })
}

export function bannedIpsOption(needs: readonly Need[] = []) {
  return option(
    '--banned-ips <file>',
    `ignore the addresses in this file. The default is banned-ips in the state directory, if the
      administration made one. When the file is read, its addresses are also removed from the peers
      that others get.`,
    { ...FILE, needs },
  )
}

export function bannedListOption(needs: readonly Need[] = []) {
  return option(
    '--banned-list <file>',
    `refuse the info hashes in this file, one at the start of each line. The default is
      banned-torrents in the state directory, if the administration made one.`,
    { ...FILE, needs },
  )
}
