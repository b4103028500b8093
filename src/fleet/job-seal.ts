import { createHmac, timingSafeEqual } from 'node:crypto'

/** The version of jobs and results. Another version has other MACs. */
const VERSION = 'btkit-queue1'

/** A text with the MAC of all it says and of what it belongs to. */
export interface Sealed {
  readonly text: string
  /** HMAC-SHA-256 in base64. */
  readonly mac: string
}

/** The kinds of sealed texts. None passes for one of another kind. */
export type SealedKind = 'job' | 'progress' | 'result' | 'alive'

/** A kind of text, and the job or the machine that it belongs to; empty for a job. */
export interface SealPlace {
  readonly kind: SealedKind
  readonly job: string
}

/** Seals a text with the first key. */
export function seal(place: SealPlace, text: string, [key]: readonly Uint8Array[]): Sealed {
  if (key === undefined) throw new Error('there is no key')
  return { text, mac: macOf(place, text, key).toString('base64') }
}

/** Returns the text of a value that came from Redis; null unless the MAC is of one of the keys. */
export function unseal(
  place: SealPlace,
  value: unknown,
  keys: readonly Uint8Array[],
): string | null {
  if (!isSealed(value)) return null
  const { text } = value
  const mac = Buffer.from(value.mac, 'base64')
  const isRight = (key: Uint8Array) => {
    const right = macOf(place, text, key)
    return right.length === mac.length && timingSafeEqual(right, mac)
  }
  return keys.some(isRight) ? text : null
}

/** Returns the text of a value that came from Redis without checking its MAC; empty for others. */
export function uncheckedText(value: unknown): string {
  return isSealed(value) ? value.text : ''
}

function isSealed(value: unknown): value is Sealed {
  if (typeof value !== 'object' || value === null) return false
  const { text, mac } = value as Partial<Record<string, unknown>>
  return typeof text === 'string' && typeof mac === 'string'
}

function macOf({ kind, job }: SealPlace, text: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${VERSION}\0${kind}\0${job}\0`).update(text).digest()
}
