/** Control characters, and format characters, which are invisible or turn the direction of text. */
const UNPRINTABLE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

/** One line of JSON that is safe to print. A JSON reader sees no difference. */
export function jsonLine(value: unknown): string {
  const escape = (text: string) =>
    text
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('')
  return `${JSON.stringify(value).replace(UNPRINTABLE, escape)}\n`
}
