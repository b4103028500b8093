import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOptions } from '../../../src/core/complete/decide/unchanged.js'
import {
  ASKED,
  commonRequestOf,
  type AskedName,
  type AskedOptions,
} from '../../../src/core/make/asked.js'
import type { TextName } from '../../../src/metainfo/fields.js'

/** Another value than by default of each that a torrent may be asked, beside texts. */
const VALUES: { readonly [N in Exclude<AskedName, TextName>]: NonNullable<AskedOptions[N]> } = {
  trackers: [['http://tracker.example/announce']],
  webSeeds: ['http://seed.example/'],
  httpSeeds: ['http://seed.example/'],
  nodes: [{ host: 'node.example', port: 6881 }],
  private: true,
  version: 'hybrid',
  padFiles: true,
  pieceLength: 65_536,
  maxPieceLength: 65_536,
  targetPieces: 100,
  maxTorrentSize: 10_000,
  source: 'TAG',
  infoKeys: new Map([['key', 1]]),
  keys: new Map([['key', 1]]),
  creationDate: 1,
  include: ['*.iso'],
  exclude: ['*.iso'],
  all: true,
  links: 'skip',
  attributes: true,
  order: { by: 'size', isDescending: true },
}

/** The content of a torrent has these; another date alone is no reason to write it again. */
const BESIDE = new Set(['creationDate', 'include', 'exclude', 'all', 'links', 'order'])

test('completedir looks at its torrents again when it is asked for another value', () => {
  const existing = { asked: [], remake: false, keepTrackers: false }
  const digest = (options: AskedOptions) => {
    const common = commonRequestOf({ createdBy: 'btkit', creationDate: null, ...options })
    return Buffer.from(digestOptions({ common, existing })).toString('hex')
  }
  const same = Object.keys(ASKED).filter((name) => {
    return digest({ [name]: { ...VALUES }[name] ?? 'a text' }) === digest({})
  })
  assert.deepEqual(new Set(same), BESIDE)
  const later = { ...commonRequestOf({ createdBy: 'btkit' }), later: true }
  assert.notEqual(
    Buffer.from(digestOptions({ common: later, existing })).toString('hex'),
    digest({}),
  )
})
