import { Buffer } from 'node:buffer'
import { encodeBencode } from '../bencode/encode.js'

/** Changes to a dictionary while they are gathered. */
export type GatheredChanges = Map<string, Uint8Array | null>

/**
 * Sets a text of a dictionary, or removes it when null. Its `.utf-8` twin, which programs of the
 * code page days wrote and some clients prefer, goes along when there is one.
 */
export function changeText(
  changes: GatheredChanges,
  entry: { readonly key: string; readonly text: string | null },
  keys: { has(key: string): boolean },
): void {
  const { key, text } = entry
  const value = text === null ? null : encodeBencode(Buffer.from(text))
  changes.set(key, value)
  const twin = `${key}.utf-8`
  if (keys.has(twin)) changes.set(twin, value)
}
