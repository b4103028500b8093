/** What a terminal would obey or hide: controls, bidirectional and invisible format characters. */
const UNPRINTABLE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

/** One line of JSON. What could harm a terminal is escaped, which a JSON reader does not notice. */
export function jsonLine(value: unknown): string {
  const escape = (text: string) =>
    text
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('')
  return `${JSON.stringify(value).replace(UNPRINTABLE, escape)}\n`
}
