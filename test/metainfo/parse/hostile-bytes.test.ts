import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { encodeBencode } from '../../../src/metainfo/bencode/encode.js'
import { readBencode } from '../../../src/metainfo/bencode/read.js'
import type { BencodeValue } from '../../../src/metainfo/bencode/value.js'
import { magnetLink } from '../../../src/metainfo/magnet.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { longTest } from '../../support/long.js'
import { fc } from '../../support/random.js'
import { directoryInfo, goldenTorrent, singleFileInfo, torrentOf } from '../../support/torrents.js'

const LIMITS = { maxSize: 1024 * 1024, maxDepth: 100 }
const key = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)) })

const { value: anyValue } = fc.letrec<{ value: BencodeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).filter((n) => n !== BigInt.asIntN(54, n)),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.array(fc.tuple(key, tie('value'))).map((entries) => new Map(entries)),
  ),
}))

/** Text that is often bencode, and where it is not, nearly. */
const nearBencode = fc
  .array(fc.constantFrom('i', 'l', 'd', 'd', 'e', 'e', '1:a', '1:b', '0:', '1', '0', '-', ':', ' '))
  .map((parts) => parts.join(''))

const seeds = [
  torrentOf(singleFileInfo(), { announce: 'http://t/a', 'url-list': ['http://w/'] }),
  torrentOf(directoryInfo([{ length: 3, path: ['a', 'b'] }]), { 'announce-list': [['http://t/']] }),
  goldenTorrent('v2-single.torrent'),
  goldenTorrent('v2-directory.torrent'),
  goldenTorrent('hybrid-directory.torrent'),
]

const mutatedTorrent = fc
  .record({
    seed: fc.constantFrom(...seeds),
    patches: fc.array(
      fc.record({
        at: fc.nat(2000),
        drop: fc.nat(3),
        insert: fc.oneof(
          fc.uint8Array({ maxLength: 3 }),
          nearBencode.map((s) => Buffer.from(s)),
        ),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ seed, patches }) =>
    patches.reduce<Uint8Array>((bytes, { at, drop, insert }) => {
      const place = at % bytes.length
      return Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + drop)])
    }, seed),
  )

/**
 * Returns the result of `run`, or undefined if it throws a BtkitError; any other error is a fault.
 */
function valueOrRefusal<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    assert.ok(error instanceof BtkitError, String(error))
    assert.doesNotMatch(error.message, /[\p{Cc}]/u)
    return undefined
  }
}

test('whatever is encoded is read back the same, with no warnings', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const bytes = encodeBencode(value)
      const reading = readBencode(bytes, LIMITS)
      assert.deepEqual(reading.warnings, [])
      assert.deepEqual(reading.value, value)
      assert.deepEqual(encodeBencode(reading.value), bytes)
    }),
    { numRuns: 500 },
  )
})

test('the gate lets in what a simple decoder does, and reads the same', () => {
  fc.assert(
    fc.property(nearBencode, (text) => {
      const reading = valueOrRefusal(() => readBencode(Buffer.from(text, 'latin1'), LIMITS))
      if (reading === undefined) assert.throws(() => decodeSimply(text))
      else assert.deepEqual(reading.value, decodeSimply(text))
    }),
    { numRuns: 5000 },
  )
})

test('what the gate lets in with no warnings is canonical', () => {
  let accepted = 0
  fc.assert(
    fc.property(
      fc.oneof(
        nearBencode,
        nearBencode.map((text) => `d${text}e`),
      ),
      (text) => {
        const bytes = Buffer.from(text, 'latin1')
        const reading = valueOrRefusal(() => readBencode(bytes, LIMITS))
        if (reading === undefined || reading.warnings.length > 0) return
        accepted += 1
        assert.equal(Buffer.from(encodeBencode(reading.value)).toString('latin1'), text)
      },
    ),
    { numRuns: 5000 },
  )
  assert.ok(accepted > 20, `only ${accepted} of the inputs were bencode`)
})

test('random bytes are refused, never crashed on', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      valueOrRefusal(() => readBencode(bytes, LIMITS))
      valueOrRefusal(() => parseMetainfo(bytes))
    }),
    { numRuns: 2000 },
  )
})

test('damaged torrents are read or refused, never crashed on', () => {
  let accepted = 0
  fc.assert(
    fc.property(mutatedTorrent, (bytes) => {
      const metainfo = valueOrRefusal(() => parseMetainfo(bytes))
      if (metainfo === undefined) return
      accepted += 1
      assert.ok(magnetLink(metainfo).startsWith('magnet:?xt=urn:bt'))
      assert.equal(
        metainfo.size,
        metainfo.files.reduce((sum, { length }) => sum + length, 0),
      )
    }),
    { numRuns: 3000 },
  )
  assert.ok(accepted > 20, `only ${accepted} of the inputs were torrents`)
})

for (const [declare, numRuns] of [
  [test, 500],
  [longTest, 5000],
] as const)
  declare(
    `any ${numRuns} values in place of the right ones are read or refused, never crashed on`,
    () => {
      const keys = [
        'announce',
        'announce-list',
        'creation date',
        'httpseeds',
        'info',
        'nodes',
        'url-list',
      ]
      const infoKeys = [
        'files',
        'length',
        'name',
        'meta version',
        'file tree',
        'private',
        'name.utf-8',
      ]
      const changes = fc.dictionary(fc.constantFrom(...infoKeys), anyValue)
      const beside = fc.dictionary(fc.constantFrom(...keys), anyValue)
      fc.assert(
        fc.property(changes, beside, (inInfo, atTop) => {
          const top = readBencode(seeds[0]!, LIMITS).value as Map<string, BencodeValue>
          const info = top.get('info') as Map<string, BencodeValue>
          for (const [name, value] of Object.entries(inInfo)) info.set(name, value)
          for (const [name, value] of Object.entries(atTop)) top.set(name, value)
          valueOrRefusal(() => parseMetainfo(encodeBencode(top)))
        }),
        { numRuns },
      )
    },
  )

/** A strict bencode decoder written for shortness, to hold the real one against. */
function decodeSimply(text: string): BencodeValue {
  const [value, rest] = decodeValue(text)
  if (!/^[ \t\r\n]*$/.test(rest)) throw new Error('trailing bytes')
  return value
}

function decodeValue(text: string): [BencodeValue, string] {
  const integer = /^i(0|-?[1-9]\d*)e/.exec(text)
  if (integer !== null) return [decodeInteger(integer[1]!), text.slice(integer[0].length)]
  if (text.startsWith('l')) return decodeList(text.slice(1))
  if (text.startsWith('d')) return decodeDict(text.slice(1))
  const [string, rest] = decodeString(text)
  return [new Uint8Array(Buffer.from(string, 'latin1')), rest]
}

function decodeInteger(digits: string): number | bigint {
  const value = BigInt(digits)
  if (BigInt.asIntN(64, value) !== value) throw new Error('beyond 64 bits')
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function decodeString(text: string): [string, string] {
  const match = /^(0|[1-9]\d*):/.exec(text)
  if (match === null) throw new Error('no string')
  const start = match[0].length
  const end = start + Number(match[1])
  if (end > text.length) throw new Error('truncated')
  return [text.slice(start, end), text.slice(end)]
}

function decodeList(text: string): [BencodeValue[], string] {
  const values: BencodeValue[] = []
  let rest = text
  while (!rest.startsWith('e')) {
    const [value, after] = decodeValue(rest)
    values.push(value)
    rest = after
  }
  return [values, rest.slice(1)]
}

function decodeDict(text: string): [Map<string, BencodeValue>, string] {
  const dict = new Map<string, BencodeValue>()
  let rest = text
  while (!rest.startsWith('e')) {
    const [key, afterKey] = decodeString(rest)
    const [value, after] = decodeValue(afterKey)
    if (dict.has(key)) throw new Error('duplicate key')
    dict.set(key, value)
    rest = after
  }
  return [dict, rest.slice(1)]
}
