import { encodePercent } from '../../base/percent.js'

/** Characters that cannot be in a quoted file name; browsers treat `%41` differently. */
const UNQUOTABLE = /[^\x20-\x7e]|["\\%]/gu

/**
 * The Content-Disposition for a download with that name (RFC 6266): in ASCII, and also in UTF-8 if
 * that differs.
 */
export function attachmentNamed(name: string): string {
  const plain = name.replace(UNQUOTABLE, '_')
  const quoted = `attachment; filename="${plain}"`
  return plain === name ? quoted : `${quoted}; filename*=UTF-8''${encodeExtended(name)}`
}

/** Percent-encodes the characters that an extended value cannot contain (RFC 8187). */
function encodeExtended(text: string): string {
  return encodePercent(text).replace(/['()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  })
}
