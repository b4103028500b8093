/** What most text is: nothing in it is hostile. */
const PRINTABLE_ASCII = /^[ -~]*$/

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Makes text from a stranger safe to print: control characters, escape sequences, bidirectional
 * overrides, line separators, lone surrogates and everything invisible become visible escapes such
 * as `\n`, `\x1b` and `\u{202e}`.
 *
 * All other text stays byte for byte as it is, because scripts parse what is printed. That holds
 * for the backslash too, so the result is safe but can't be turned back.
 */
export function escapeText(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : escapeHostile(text)
}

/**
 * Escapes control characters, invisible characters, and halves of surrogate pairs. The expression
 * stands here, as V8 takes a millisecond to make it.
 */
function escapeHostile(text: string): string {
  const hostile = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
  return text.replace(hostile, escapeCharacter)
}

/** How much of a stranger's text fits into a message, in UTF-16 units. */
const LONGEST_QUOTE = 200

/** Text from a stranger as part of a message: in quotes, safe to print, cut if it is long. */
export function quoteText(text: string): string {
  const isLong = text.length > LONGEST_QUOTE
  return `"${escapeText(text.slice(0, LONGEST_QUOTE))}${isLong ? '…' : ''}"`
}

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  const digits = code.toString(16)
  return code < 0xa0 ? `\\x${digits.padStart(2, '0')}` : `\\u{${digits}}`
}
