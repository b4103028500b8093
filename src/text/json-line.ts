/** One line of JSON that is safe to print. A JSON reader sees no difference. */
export function jsonLine(value: unknown): string {
  // Control characters, and format characters, which are invisible or turn the direction of text
  const unprintable = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu
  return `${JSON.stringify(value).replace(unprintable, escape)}\n`
}

function escape(text: string): string {
  return text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
