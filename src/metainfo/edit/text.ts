import { Buffer } from 'node:buffer'
import { encodeBencode } from '../bencode/encode.js'

/** Changes to a dictionary while they are gathered. */
export type GatheredChanges = Map<string, Uint8Array | null>

/**
 * Sets a text of a dictionary, or removes it when null. So it does with a second key that ends in
 * `.utf-8`, if there is one: old programs wrote it beside text in a local encoding, and some
 * clients prefer it.
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
