import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LintCode } from '../../../src/metainfo/lint/metainfo.js'
import {
  LINT_CODES,
  lintMetainfo,
  MAX_FINDINGS_OF_A_KIND,
  severityOf,
} from '../../../src/metainfo/lint/metainfo.js'
import { magnetLink } from '../../../src/metainfo/magnet.js'
import { contentSize } from '../../../src/metainfo/metainfo.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { projectRoot } from '../../support/programs.js'
import {
  type PlainDict,
  editedGolden,
  goldenTorrent,
  singleFileInfo,
  torrentOf,
} from '../../support/torrents.js'
import { ANNOUNCE, codesOf, torrentOfPaths } from './torrent.js'

/**
 * Returns the codes of findings, without that of the missing tracker: golden torrents have none.
 */
function codesBesideTracker(torrent: Uint8Array): string[] {
  return codesOf(torrent).filter((code) => code !== 'no-tracker')
}

test('nothing is found in a plain torrent', () => {
  const torrent = torrentOf(singleFileInfo(), ANNOUNCE)
  assert.deepEqual(codesOf(torrent), [])
})

for (const name of ['v2-single', 'v2-directory', 'hybrid-directory']) {
  test(`nothing is found in the golden ${name}`, () => {
    assert.deepEqual(codesBesideTracker(goldenTorrent(`${name}.torrent`)), [])
  })
}

test('what the reader warns of is found as well', () => {
  const torrent = editedGolden('v2-single.torrent', (top) => top.set('comment', 5))
  assert.deepEqual(codesBesideTracker(torrent), ['ignored-value'])
  const unsorted = Buffer.from(`d4:infod6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:`)
  const canonicalNot = Buffer.concat([unsorted, Buffer.alloc(20), Buffer.from('e1:a1:be\n')])
  assert.deepEqual(codesBesideTracker(canonicalNot), ['unsorted-keys', 'trailing-space'])
})

test('of each kind only so many are named, however many there are', () => {
  const paths = Array.from({ length: 60 }, (_, i) => `${i}.`)
  const findings = lintMetainfo(parseMetainfo(torrentOfPaths(paths)))
  assert.equal(findings.length, MAX_FINDINGS_OF_A_KIND + 1)
  assert.deepEqual(findings.at(-1), {
    code: 'trailing-dot-or-space',
    severity: 'warning',
    message: 'and more like these',
  })
})

test('what a stranger wrote is safe to print', () => {
  const torrent = torrentOf(singleFileInfo(), { announce: 'http://\x1b[31m' })
  const [finding] = lintMetainfo(parseMetainfo(torrent))
  assert.equal(
    finding?.message,
    'tracker "http://\\x1b[31m" is not an http, https, udp, ws or wss URL',
  )
})

test('what endangers a disk is an error, what some do not take a warning, taste a note', () => {
  const torrent = torrentOfPaths(['..', 'con', 'a', 'a/b'], { private: 1 })
  const findings = lintMetainfo(parseMetainfo(torrent))
  const severities = new Map(findings.map(({ code, severity }) => [code, severity]))
  assert.equal(severities.get('unsafe-path'), 'error')
  assert.equal(severities.get('file-and-directory'), 'error')
  assert.equal(severities.get('reserved-name'), 'warning')
  assert.equal(severities.get('private-without-source'), 'note')
})

test('the manual has every code with its severity', () => {
  const page = readFileSync(join(projectRoot, 'man/btkit-lint.1'), 'utf8')
  const documented = [...page.matchAll(/^\.It Li (\S+) Ta (\w+) Ta/gm)]
  assert.deepEqual(documented.map(([, code]) => code).sort(), [...LINT_CODES].sort())
  for (const [, code, severity] of documented)
    assert.equal(severityOf(code as LintCode), severity, code)
})

function codes(info: PlainDict, beside: PlainDict = ANNOUNCE): string[] {
  return codesOf(torrentOf(singleFileInfo(info), beside))
}

test('a private torrent should have a source', () => {
  for (const source of [{}, { source: '' }])
    assert.deepEqual(codes({ private: 1, ...source }), ['private-without-source'])
  for (const info of [{ private: 1, source: 'TRACKER' }, { private: 0 }, {}])
    assert.deepEqual(codes(info), [])
})

test('a private torrent needs a tracker', () => {
  const own = { private: 1, source: 'TRACKER' }
  assert.deepEqual(codes(own, {}), ['private-without-tracker'])
  assert.deepEqual(codes(own, { 'announce-list': [['http://a.example/announce']] }), [])
  assert.deepEqual(codes({}, {}), ['no-tracker'])
})

test('a private torrent should have trackers of one host, because each gets the passkeys', () => {
  const own = { private: 1, source: 'T' }
  const lists = (...urls: string[]) => ({ 'announce-list': urls.map((url) => [url]) })
  const two = lists('http://a.example/KEY/announce', 'http://b.example/KEY/announce')
  assert.deepEqual(codes(own, two), ['private-on-several'])
  assert.deepEqual(codes(own, lists('no URL')), ['tracker-not-url'])
  assert.deepEqual(codes(own, lists('http://a.example/x', 'udp://a.example:80')), [])
  assert.deepEqual(codes({}, two), [])
})

test('a private torrent must not have DHT nodes', () => {
  const nodes = { ...ANNOUNCE, nodes: [['router.example', 6881]] }
  assert.deepEqual(codes({ private: 1, source: 'T' }, nodes), ['private-with-nodes'])
  assert.deepEqual(codes({}, nodes), [])
})

test('private and source count inside info alone', () => {
  for (const key of [{ private: 1 }, { source: 'x' }])
    assert.deepEqual(codes({}, { ...ANNOUNCE, ...key }), ['misplaced-key'])
  assert.deepEqual(codes({ source: 'x' }), [])
})

test('a copied torrent has the same findings, size and magnet link', () => {
  const metainfo = parseMetainfo(torrentOfPaths(['con', 'a/b', 'A/b', 'c']))
  const copy = structuredClone(metainfo)
  assert.deepEqual(lintMetainfo(copy), lintMetainfo(metainfo))
  assert.equal(contentSize({ files: copy.files }), contentSize(metainfo))
  const { fileList: _list, ...named } = metainfo
  assert.equal(magnetLink(named), magnetLink(metainfo))
})
