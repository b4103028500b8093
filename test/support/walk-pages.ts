import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { ask } from '../mirror/ask.js'
import { until } from './until.js'

/** Links of a page, as a browser follows them from its address. */
function linksIn(page: string, address: string): string[] {
  const links = [...page.matchAll(/\s(?:href|src)="([^"]+)"/g)].map(([, link = '']) => link)
  return [...links, ...sortingIn(page)]
    .map((link) => link.replaceAll('&#39;', "'").replaceAll('&amp;', '&'))
    .filter((link) => !link.startsWith('magnet:'))
    .map((link) => new URL(link, address).href.replace(/#.*/, ''))
}

/** The queries that the buttons of the columns send. */
function sortingIn(page: string): string[] {
  const buttons = page.matchAll(/<button form="(\w+)" name="sort" value="(\w+)"/g)
  return [...buttons].map(([, form = '', sort = '']) => {
    const [, fields = ''] = new RegExp(`<form id="${form}"[^>]*>([^]*?)</form>`).exec(page) ?? []
    const kept = [...fields.matchAll(/name="(\w+)"\s+value="([^"]*)"/g)]
    return `?${kept.map(([, name, value = '']) => `${name}=${encodeURIComponent(value)}&`).join('')}sort=${sort}`
  })
}

/** What stays the same from one answer to the next. */
function lasting(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return { ...headers, date: '' }
}

/** A page as it is without the token of its forms, which each page has of its own. */
function withoutToken(page: Buffer): string {
  return page.toString('latin1').replaceAll(/name="token" value="[^"]*"/g, '')
}

/** Pages whose numbers change with each request. */
const LIVE = /live|status|metrics/

/** A page has one heading, and each field and box a name. */
function checkPage(page: string, address: string): void {
  assert.equal(page.match(/<h1[ >]/g)?.length, 1, address)
  for (const { 0: field, index } of page.matchAll(/<(?:input|select|textarea)\b[^>]*>/g)) {
    const before = page.slice(0, index)
    const isInLabel = before.lastIndexOf('<label') > before.lastIndexOf('</label')
    if (/type="hidden"/.test(field) || isInLabel) continue
    const id = /\sid="([^"]*)"/.exec(field)?.[1]
    const isNamed = /aria-label="[^"]/.test(field) || page.includes(`for="${id}"`)
    assert.ok(isNamed, `${address}: ${field}`)
  }
}

/**
 * Follows all links from some addresses to pages of their hosts, and returns the addresses. Each
 * leads somewhere, and HEAD and gzip say the same as GET. `more` are headers such as cookies.
 */
export async function walkPages(
  starts: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<ReadonlySet<string>> {
  const found = new Set(starts)
  const hosts = new Set(starts.map((start) => new URL(start).host))
  for (const address of found) {
    const { host, pathname, search, port } = new URL(address)
    if (!hosts.has(host)) continue
    const of = async (method: string, own = {}) => {
      const headers = { Host: host, Accept: 'text/html', ...more, ...own }
      const answer = () => ask(Number(port), pathname + search, { method, headers })
      let last = await answer()
      // A checksum that is still being made has a page that says so
      while (last.status === 503 && 'retry-after' in last.headers) last = await answer()
      return last
    }
    let got = await of('GET')
    assert.ok(got.status < 400, `${address}: ${got.status} ${got.body.toString()}`)
    await until(`${address} is the same by HEAD and gzip`, async () => {
      const head = await of('HEAD')
      const packed = await of('GET', { 'Accept-Encoding': 'gzip' })
      const isPacked = packed.headers['content-encoding'] === 'gzip'
      const plain = isPacked ? gunzipSync(packed.body) : packed.body
      const isSame =
        isDeepStrictEqual(lasting(head.headers), lasting(got.headers)) &&
        (LIVE.test(address) || withoutToken(plain) === withoutToken(got.body))
      // Counts of swarms may change from one answer to the next
      if (!isSame) got = await of('GET')
      return isSame
    })
    if (!/^text\/html/.test(got.headers['content-type'] ?? '')) continue
    const page = got.body.toString()
    checkPage(page, address)
    for (const link of linksIn(page, address)) found.add(link)
  }
  return found
}
