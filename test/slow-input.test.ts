// In a process of its own: it measures processor time
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuUsage } from 'node:process'
import { quoteBytes } from '../src/seeding/trackers/swarm-counts.js'
import { decodeResponse } from '../src/seeding/clients/rtorrent/xml-rpc.js'
import { readBencode } from '../src/metainfo/bencode/read.js'
import { looksLikeMagnet, parseMagnet } from '../src/metainfo/magnet.js'
import { checkName, isPlainName } from '../src/metainfo/name.js'
import {
  checkSeed,
  checkTracker,
  isTracker,
  parseTrackers,
  plainUrl,
} from '../src/metainfo/trackers.js'
import { findUnlikelyPath } from '../src/metainfo/lint/trackers.js'
import {
  checkHosts,
  chosenNames,
  readQuery,
  namedView,
  pageLinks,
  publicAddress,
  requestPath,
} from '../src/mirror/tree/address.js'
import { parseListingQuery } from '../src/mirror/pages/listing.js'
import { isNameable } from '../src/mirror/tree/mirror.js'
import { compileSimpleGlob } from '../src/mirror/tree/simple-glob.js'
import { prefersHtml, prefersJson } from '../src/server/headers/accept.js'
import { attachmentNamed } from '../src/server/headers/attachment.js'
import { checkConditions, requestedRanges } from '../src/server/headers/conditional.js'
import { acceptsGzip } from '../src/server/headers/gzip.js'
import { ClientAddresses, parseTrustedProxy } from '../src/server/connections/client-address.js'
import { formatMarkdown } from '../src/page-parts/markdown.js'
import { parseSearch } from '../src/page-parts/results.js'
import { escapeText, quoteText } from '../src/base/text/escape.js'
import { naturalKey } from '../src/base/text/natural-order.js'
import { hideSecrets } from '../src/base/text/secrets.js'
import { parseAddressRange } from '../src/tracker/allowed/address-rules.js'
import { parseHash } from '../src/tracker/allowed/torrent-list.js'
import { parseListQuery } from '../src/tracker/pages/overview/torrent-list.js'
import { parseAddress } from '../src/tracker/swarms/peer-address.js'
import { infoHashOf, readAnnounce, readScrape } from '../src/tracker/wires/http-query.js'
import type { IncomingMessage } from 'node:http'

const KIB = 1024

/**
 * A parser of a stranger's text: the characters and words that mean something to it, and its limit.
 */
interface Parser {
  readonly read: (text: string) => unknown
  readonly marks: readonly string[]
  readonly limit: number
  /** Milliseconds of processor time for the limit on a usual machine; 20 by default. */
  readonly most?: number
}

const validators = { etag: '"a"', lastModified: 'Thu, 01 Jan 1970 00:00:00 GMT', headers: {} }
const ranged = { size: 1e9, validators }
const proxies = new ClientAddresses([parseTrustedProxy('10.0.0.0/8')])
const fromProxy = (headers: Record<string, string>) =>
  ({ socket: { remoteAddress: '10.0.0.1' }, headers }) as unknown as IncomingMessage
const withHost = (host: string) =>
  ({
    headers: { host },
    rawHeaders: ['Host', host],
    httpVersion: '1.1',
    url: host,
  }) as IncomingMessage
const unlimited = { charge: () => undefined }

/** Of a request, the head may have 16 KiB. */
const HEAD = 16 * KIB
const QUERY = ['?', '&', '=', '+', '%', '%41', 'list', 'f=', 'a']
const URL_MARKS = [
  '/',
  ':',
  '@',
  '?',
  '#',
  '[',
  ',',
  '|',
  ' ',
  '.',
  '%',
  'a',
  '1',
  'http://',
  'udp://a:',
  '\u00e4',
  '\u200b',
  '://u:',
]

function each(...reads: readonly ((text: string) => unknown)[]): (text: string) => void {
  return (text) => {
    for (const read of reads) {
      try {
        read(text)
      } catch {
        // It may refuse the text
      }
    }
  }
}

const PARSERS: Readonly<Record<string, Parser>> = {
  'addresses of the mirror': {
    read: each(
      requestPath,
      (url) => chosenNames(readQuery(url)),
      pageLinks,
      namedView,
      parseListingQuery,
    ),
    marks: [...QUERY, '/', '.', 'http://', '.torrent', '\u00e9'],
    limit: HEAD,
  },
  searches: {
    read: each(parseSearch, (text) => parseListQuery(text, 'name')),
    marks: [...QUERY, ' ', '"', '*'],
    limit: HEAD,
  },
  'queries of a tracker': {
    read: each((text) => readAnnounce(text), readScrape, infoHashOf),
    marks: [...QUERY, 'info_hash=', 'peer_id=', 'port=', 'ip=', 'key='],
    limit: HEAD,
  },
  'peer addresses': {
    read: each(parseAddress),
    marks: ['.', ':', '1', '0', 'f', '%', '::'],
    limit: HEAD,
  },
  'Accept and Accept-Encoding': {
    read: each(prefersHtml, prefersJson, (text) => acceptsGzip({ 'accept-encoding': text })),
    marks: [',', ';', '=', ' ', 'q', 'q=0', '/', '*', 'text/html', 'gzip', '.', '1', '\t'],
    limit: HEAD,
  },
  'Range and conditions': {
    read: each(
      (text) => requestedRanges({ range: `bytes=${text}` }, ranged),
      (text) => requestedRanges({ range: text }, ranged),
      (text) => requestedRanges({ range: 'bytes=0-1', 'if-range': text }, ranged),
      (text) => checkConditions({ 'if-none-match': text }, validators),
      (text) => checkConditions({ 'if-match': text, 'if-modified-since': text }, validators),
    ),
    marks: [',', '-', '0', '0-1', '"', 'W/', '*', ' ', '=', 'bytes=', '"a",', ':', 'GMT', '\t'],
    limit: HEAD,
  },
  'X-Forwarded-For': {
    read: each((text) => proxies.of(fromProxy({ 'x-forwarded-for': text }))),
    marks: [',', ' ', '10.0.0.2,', '[', ']', ':', '.', '::ffff:10.0.0.1,', '1', '\t'],
    limit: HEAD,
  },
  Host: {
    read: each(
      (text) => {
        checkHosts(withHost(text), false)
      },
      (text) => publicAddress(withHost(text), { publicUrl: null }),
    ),
    marks: ['.', '-', '_', ':', '[', ']', 'a', '1', '%41', '~', 'a.', 'a-'],
    limit: HEAD,
  },
  'words of trackers and clients': {
    read: each(quoteText, escapeText, hideSecrets, (text) => quoteBytes(Buffer.from(text))),
    marks: [
      ...URL_MARKS,
      '\0',
      '\u202e',
      '\n',
      '\ud800',
      'passkey=',
      'announce',
      '?pid=',
      "'",
      '"',
      '\t',
      '.announce/',
    ],
    limit: 64 * KIB,
    // Of a text of that length, messages quote 200 characters
    most: 80,
  },
  'trackers and web seeds': {
    read: each(
      isTracker,
      checkTracker,
      plainUrl,
      parseTrackers,
      (text) => checkSeed(text, 'web seed'),
      (text) => {
        if (isTracker(text)) Array.from(findUnlikelyPath(text))
      },
    ),
    marks: URL_MARKS,
    limit: HEAD,
  },
  'magnet links': {
    read: each(looksLikeMagnet, parseMagnet),
    marks: [...QUERY, 'magnet:', 'xt=', '&tr=a', '&x.pe=a', '&so=1', '-', ',', '&so=', '1', ':'],
    limit: HEAD,
  },
  'lines of lists': {
    read: each(parseAddressRange, parseHash),
    marks: ['-', ' ', '.', ':', '/', '#', ',', '1', 'f', '1.1.1.1', ' - ', '<', '\t'],
    limit: 1000,
  },
  names: {
    read: each(isPlainName, checkName, isNameable, naturalKey, attachmentNamed, namedView),
    marks: ['.', ' ', '0', '1', 'a', '\\', '"', '%', '-', '\u00e9', '\ud800', '\0', '10a'],
    limit: 4 * KIB,
  },
  'patterns of names': {
    read: each((text) => compileSimpleGlob(text, unlimited)),
    marks: ['*', '?', '[', ']', '!', '-', 'a', '[a-z', '[!', '[]', '\u{1f600}'],
    limit: HEAD,
  },
  'XML of rtorrent': {
    read: each(decodeResponse),
    marks: [
      '<',
      '>',
      '/',
      '&',
      ';',
      '<a>',
      '<a ',
      '="',
      '<!--',
      '<![CDATA[',
      ']]>',
      '&amp;',
      '<?',
      '"',
      "'",
      ' ',
      '-',
    ],
    limit: 64 * KIB,
  },
  bencode: {
    read: each((text) => readBencode(Buffer.from(text), { maxSize: 64 * KIB, maxDepth: 100 })),
    marks: ['l', 'd', 'i', 'e', '1', '0:', '1:', 'i1e', '-', 'le', 'de'],
    limit: 64 * KIB,
  },
  'Markdown of a README': {
    read: formatMarkdown,
    marks: [
      '*',
      '_',
      '[',
      '![',
      '](',
      '`',
      '<',
      '|',
      '\n|',
      '\n',
      '> ',
      '- ',
      '[a]: ',
      '&amp;',
      '\t',
    ],
    limit: 32 * KIB,
    // Formatted once, and kept
    most: 120,
  },
}

/** A test passes on a machine that is four times as slow, too. */
const SLOW = 4

/** Milliseconds of processor time that a parser takes for a text: the least of some runs. */
async function costOf({ read }: Parser, text: string, enough: number): Promise<number> {
  let least = Infinity
  for (let run = 0; run < 4 && least > enough; run++) {
    const before = cpuUsage()
    // A text is not kept from the run before
    await read(text.slice(run))
    const { user, system } = cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

for (const [name, parser] of Object.entries(PARSERS)) {
  test(`no run of special characters in ${name} takes long, or longer than its length`, async (t) => {
    const { marks, limit, most = 20 } = parser
    // Of a pair, the other order is the same run but for its beginning
    const runs = marks.flatMap((mark, index) => [
      mark,
      `a${mark}`,
      ...marks.slice(index + 1).map((other) => mark + other),
    ])
    // Compiles what the first calls would be charged with
    for (const run of runs) await parser.read(run.repeat(3))
    let longest = { ms: 0, run: '' }
    for (const run of runs) {
      const textOf = (length: number) => run.repeat(Math.ceil(length / run.length)).slice(0, length)
      let ms = await costOf(parser, textOf(limit), most)
      if (ms > longest.ms) longest = { ms, run }
      const shown = () => `${JSON.stringify(run)} × ${limit}: ${ms} ms`
      assert.ok(ms <= most * SLOW, shown())
      // Less than that says nothing about growth
      if (ms < most / 4) continue
      const part = await costOf(parser, textOf(limit / 16), 0)
      // One run may have been disturbed
      if (ms / part >= 16 * 5) ms = await costOf(parser, textOf(limit), 0)
      assert.ok(ms / part < 16 * 5, `${shown()}, of a sixteenth ${part} ms`)
    }
    t.diagnostic(`${longest.ms} ms at most, of ${JSON.stringify(longest.run)}`)
  })
}
