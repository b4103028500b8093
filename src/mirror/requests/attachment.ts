/** What a quoted file name may hold: browsers read `%41` in it in ways of their own. */
const UNQUOTABLE = /[^\x20-\x7e]|["\\%]/gu

/**
 * The Content-Disposition of something to be saved under a name (RFC 6266): in ASCII for all, and in
 * UTF-8 where that is not the same.
 */
export function attachmentNamed(name: string): string {
  const plain = name.replace(UNQUOTABLE, '_')
  const quoted = `attachment; filename="${plain}"`
  return plain === name ? quoted : `${quoted}; filename*=UTF-8''${encodeExtended(name)}`
}

/** Percent-encodes all that an extended value can't hold as it is (RFC 8187). */
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  })
}
