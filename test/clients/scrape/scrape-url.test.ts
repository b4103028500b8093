import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scrapeUrl } from '../../../src/clients/scrape/http-scrape.js'

// The examples of BEP 48, and what it leaves open
const ADDRESSES = {
  'http://example.com/announce': 'http://example.com/scrape',
  'http://example.com/x/announce': 'http://example.com/x/scrape',
  'http://example.com/announce.php': 'http://example.com/scrape.php',
  'http://example.com/a': null,
  'http://example.com/announce?x2%0644': 'http://example.com/scrape?x2%0644',
  'http://example.com/announce?x=2/4': 'http://example.com/scrape?x=2/4',
  'http://example.com/x%064announce': null,
  'https://example.com:8443/announce/announce#x': 'https://example.com:8443/announce/scrape',
}

for (const [announce, scrape] of Object.entries(ADDRESSES)) {
  test(`${announce} is scraped at ${scrape ?? 'no address'}`, () => {
    assert.equal(scrapeUrl(announce), scrape)
  })
}
