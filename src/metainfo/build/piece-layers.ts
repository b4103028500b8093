import { encodeBencode } from '../bencode/encode.js'

/**
 * The piece layers of files longer than a piece, 32 bytes a piece, by the roots of the files as
 * latin1 strings. Files of the same content share one.
 */
export type PieceLayers = ReadonlyMap<string, Uint8Array>

/** Encodes the `piece layers` of BEP 52, which stand beside `info`. */
export function encodePieceLayers(layers: PieceLayers): Uint8Array {
  return encodeBencode(new Map(layers))
}
