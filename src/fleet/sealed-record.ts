import { timingSafeEqual } from 'node:crypto'
import { digestOf, hmacOf } from '../digest.js'

/** The version of names and records in Redis. Other versions have other keys and MACs. */
const VERSION = 'btkit1'

/** Length of HMAC-SHA-256 in bytes. */
const MAC = 32

/** Number of hash tags: the nodes of a Redis cluster among which records can be spread. */
const TAGS = 64

/** A record of one machine, for others. */
export interface SharedRecord {
  readonly machine: string
  /** How often the machine's records were revoked before. */
  readonly epoch: number
  /** When a machine last shared it, in seconds since 1970. */
  readonly sharedAt: number
  /** Digests, encoded as in the piece cache with an empty fingerprint. A view of what was read. */
  readonly body: Uint8Array
}

/** Characters of a hash tag, and of the 18 bytes of a digest after it. */
const TAG_LENGTH = 2
const DIGEST_LENGTH = 24

/** The pattern of all keys of records, for SCAN. Longer keys of strangers are never sent. */
export const RECORD_PATTERN = `${VERSION}:{${'?'.repeat(TAG_LENGTH)}}${'?'.repeat(DIGEST_LENGTH)}`

/** The hash with the epochs of machines, and the one with their numbers of wrong records. */
export const EPOCHS_KEY = `${VERSION}-epochs`
export const WRONG_KEY = `${VERSION}-wrong`

/** Returns the key of a record by its name. */
export function redisKey(name: string): string {
  return keyOf(VERSION, name)
}

/** Returns the key of a claim to hash files, by the name of what is claimed. */
export function claimKey(name: string): string {
  return keyOf(`${VERSION}-claim`, name)
}

function keyOf(kind: string, name: string): string {
  const digest = digestOf('sha256', `${VERSION}\0${name}`)
  const tag = String((digest[31] ?? 0) % TAGS).padStart(TAG_LENGTH, '0')
  return `${kind}:{${tag}}${digest.toString('base64url', 0, 18)}`
}

/** Encodes a record: MAC, then the rest. */
export function sealRecord(name: string, record: SharedRecord, key: Uint8Array): Buffer {
  const { machine, epoch, sharedAt, body } = record
  const who = Buffer.from(machine)
  const numbers = Buffer.alloc(8)
  numbers.writeUInt32BE(epoch, 0)
  numbers.writeUInt32BE(sharedAt, 4)
  const rest = Buffer.concat([Buffer.of(who.length), who, numbers, body])
  return Buffer.concat([macOf(name, rest, key), rest])
}

/** Decodes a record without checking it; null if it is too short. */
export function readRecord(sealed: Uint8Array): SharedRecord | null {
  const { buffer, byteOffset, length } = sealed
  const bytes = Buffer.from(buffer, byteOffset, length)
  const nameAt = MAC + 1
  const numbersAt = nameAt + (bytes[MAC] ?? 0)
  const bodyAt = numbersAt + 8
  if (length <= bodyAt) return null
  return {
    machine: bytes.toString('utf8', nameAt, numbersAt),
    epoch: bytes.readUInt32BE(numbersAt),
    sharedAt: bytes.readUInt32BE(numbersAt + 4),
    // Not a Buffer, whose slices would be views
    body: new Uint8Array(buffer, byteOffset + bodyAt, length - bodyAt),
  }
}

/** Decodes a record; null unless it belongs to this name, and its MAC is of one of the keys. */
export function openRecord(
  name: string,
  sealed: Uint8Array,
  keys: readonly Uint8Array[],
): SharedRecord | null {
  const record = readRecord(sealed)
  if (record === null) return null
  const mac = sealed.subarray(0, MAC)
  const rest = sealed.subarray(MAC)
  return keys.some((key) => timingSafeEqual(macOf(name, rest, key), mac)) ? record : null
}

function macOf(name: string, rest: Uint8Array, key: Uint8Array): Buffer {
  return hmacOf(key, [`${VERSION}\0${name.length}\0${name}\0`, rest])
}
