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
  // The characters that an extended value cannot contain (RFC 8187)
  const extended = encodePercent(name).replace(/['()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  })
  return plain === name ? quoted : `${quoted}; filename*=UTF-8''${extended}`
}
