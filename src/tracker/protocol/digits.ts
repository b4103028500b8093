const ZERO = 0x30

/** Reads a number of at most `most` decimal digits; NaN for anything else. */
export function readDigits(text: string, most: number): number {
  if (text.length === 0 || text.length > most) return NaN
  let number = 0
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO
    if (!(digit >= 0 && digit <= 9)) return NaN
    number = 10 * number + digit
  }
  return number
}

/** The value of the hexadecimal digit at an index; NaN for other characters. */
export function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code >= ZERO && code <= ZERO + 9) return code - ZERO
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NaN
}
