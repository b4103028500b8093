import assert from 'node:assert/strict'
import { test } from 'node:test'
import { showText, showValue } from '../../src/cli/commands/showmetainfo/views.js'
import { planVerify, verifyTorrent } from '../../src/core/verify/verify-torrent.js'
import { BtkitError } from '../../src/base/errors.js'
import { encodeBencode } from '../../src/metainfo/bencode/encode.js'
import { readBencode } from '../../src/metainfo/bencode/read.js'
import type { BencodeDict, BencodeValue } from '../../src/metainfo/bencode/value.js'
import { lintMetainfo } from '../../src/metainfo/lint/metainfo.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { hashContext } from '../core/requests.js'
import { type Verdict, libtorrentVerdicts } from '../support/libtorrent-verdicts.js'
import { unlessLibtorrent } from '../support/peers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeScratch } from '../support/scratch.js'
import { goldenTorrent } from '../support/torrents.js'

const COUNT = 10_000

const SEEDS = ['v2-single', 'v2-directory', 'hybrid-directory'].map((name) => {
  return goldenTorrent(`${name}.torrent`)
})

/** The info hashes of a torrent in which lint finds no error; a reason for any other. */
function verdictOfBtkit(torrent: Uint8Array): Verdict {
  try {
    const metainfo = parseMetainfo(torrent)
    assert.ok(JSON.stringify(showValue(metainfo, 'x')))
    assert.ok(showText(metainfo, 'x', Infinity))
    const error = lintMetainfo(metainfo).find(({ severity }) => severity === 'error')
    return error ? error.message : [metainfo.infoHash, metainfo.infoHashV2]
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    return error.message
  }
}

test(`${COUNT} mutants of v2 torrents are checked against no data, or refused`, async (t) => {
  const path = makeScratch(t)
  for (let i = 0; i < COUNT; i += 1) {
    const mutant = mutate(SEEDS[i % SEEDS.length]!, i)
    await refusalOf(async () => {
      const metainfo = parseMetainfo(mutant)
      const place = { torrent: 'x', path, checkHashes: true, extra: false }
      const report = await verifyTorrent(await planVerify({ metainfo, ...place }), hashContext())
      assert.ok(!report.ok || metainfo.size === 0)
    })
  }
})

/** Runs the work, which a BtkitError may refuse; any other error is a fault. */
async function refusalOf(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
  }
}

test(
  `of ${COUNT} mutants of v2 torrents none that libtorrent refuses passes`,
  unlessLibtorrent,
  () => {
    const mutants = Array.from({ length: COUNT }, (_, i) => mutate(SEEDS[i % SEEDS.length]!, i))
    const theirs = libtorrentVerdicts(mutants)
    const accepted = mutants.filter((mutant, i) => {
      const ours = verdictOfBtkit(mutant)
      if (typeof ours === 'string') return false
      assert.deepEqual(theirs[i], ours, `mutant ${i}: ${Buffer.from(mutant).toString('latin1')}`)
      return true
    })
    assert.ok(accepted.length > COUNT / 20, `only ${accepted.length} mutants are torrents`)
  },
)

const LIMITS = { maxSize: 1024 * 1024, maxDepth: 100 }

/** Random numbers that are the same in every run. */
class Dice {
  readonly #numbers: Buffer
  #at = 0

  constructor(seed: number) {
    this.#numbers = pseudoRandom(4096, seed + 1)
  }

  /** A whole number below `count`. */
  below(count: number): number {
    const number = this.#numbers.readUInt32LE((this.#at += 4) % 4092)
    return number % count
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
}

/** Numbers at the edges of what lengths and versions may be. */
const NUMBERS = [
  -1,
  0,
  1,
  2,
  3,
  16383,
  16384,
  16385,
  32768,
  40001,
  65536,
  2 ** 31,
  2 ** 45,
  2 ** 53 - 1,
]

/** Strings that mean something in a torrent, or nearly. */
const STRINGS = [
  '',
  'p',
  'l',
  'x',
  '..',
  '.',
  'a/b',
  'a',
  'content',
  '\0',
  '\xff',
  '\x00'.repeat(32),
]

const KEYS = [
  '',
  'length',
  'attr',
  'pieces root',
  'path',
  'files',
  'file tree',
  'meta version',
  'a',
]

/** A torrent with up to three faults, which follow from the number. */
function mutate(torrent: Uint8Array, number: number): Uint8Array {
  const dice = new Dice(number)
  if (dice.below(5) === 0) return flipBytes(torrent, dice)
  const { value } = readBencode(torrent, LIMITS)
  for (let count = 1 + dice.below(3); count > 0; count -= 1) changeNode(value, dice)
  return encodeAsIs(value, dice)
}

function flipBytes(torrent: Uint8Array, dice: Dice): Uint8Array {
  const bytes = Uint8Array.from(torrent)
  for (let count = 1 + dice.below(2); count > 0; count -= 1) {
    bytes[dice.below(bytes.length)] = dice.below(256)
  }
  return bytes
}

interface Place {
  readonly container: BencodeDict | BencodeValue[]
  readonly key: string | number
}

/** All places in a value where something stands. */
function placesOf(value: BencodeValue): Place[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, key) => [{ container: value, key }, ...placesOf(item)])
  }
  if (!(value instanceof Map)) return []
  return [...value].flatMap(([key, item]) => [{ container: value, key }, ...placesOf(item)])
}

function changeNode(root: BencodeValue, dice: Dice): void {
  const places = placesOf(root)
  const { container, key } = dice.of(places)
  if (Array.isArray(container)) {
    const at = Number(key)
    if (dice.below(4) === 0) container.splice(at, 1)
    else if (dice.below(4) === 0) container.splice(at, 0, container[at]!)
    else container[at] = otherValue(container[at]!, dice)
    return
  }
  const old = container.get(String(key))!
  if (dice.below(4) === 0) container.delete(String(key))
  else if (dice.below(5) === 0) container.set(dice.of(KEYS), old)
  else container.set(String(key), otherValue(old, dice))
}

function otherValue(value: BencodeValue, dice: Dice): BencodeValue {
  if (dice.below(8) === 0) return dice.of<BencodeValue>([0, Buffer.from('x'), [], new Map()])
  if (typeof value === 'number') {
    return dice.below(2) === 0 ? dice.of(NUMBERS) : Math.min(value + dice.below(3) - 1, 2 ** 53 - 1)
  }
  if (value instanceof Uint8Array) return otherString(value, dice)
  return value
}

function otherString(value: Uint8Array, dice: Dice): Uint8Array {
  const choice = dice.below(4)
  if (choice === 0) return Buffer.from(dice.of(STRINGS), 'latin1')
  if (choice === 1) return value.subarray(0, dice.below(value.length + 1))
  if (choice === 2) return Buffer.concat([value, value])
  const bytes = Uint8Array.from(value)
  if (bytes.length > 0) bytes[dice.below(bytes.length)]! ^= 1 + dice.below(255)
  return bytes
}

/** In most cases with the keys in order; else as they come. */
function encodeAsIs(value: BencodeValue, dice: Dice): Uint8Array {
  return dice.below(4) > 0 ? encodeBencode(value) : encodeInOrder(value)
}

function encodeInOrder(value: BencodeValue): Uint8Array {
  if (Array.isArray(value)) return enclose('l', value.map(encodeInOrder))
  if (!(value instanceof Map)) return encodeBencode(value)
  const entries = [...value].flatMap(([key, item]) => {
    return [encodeBencode(Buffer.from(key, 'latin1')), encodeInOrder(item)]
  })
  return enclose('d', entries)
}

function enclose(opening: string, parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Buffer.from(opening), ...parts, Buffer.from('e')])
}
