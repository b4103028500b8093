const SURROGATE = /[\uD800-\uDFFF]/

/**
 * Sorts names in place by their bytes in UTF-8. JavaScript orders strings by UTF-16 units, which
 * is the same order unless characters beyond U+FFFF, written as surrogates, meet U+E000–U+FFFF.
 */
export function sortByBytes(names: string[]): string[] {
  return names.some((name) => SURROGATE.test(name)) ? names.sort(compareBytes) : names.sort()
}

/** Orders two names by their bytes in UTF-8. */
export function compareBytes(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  for (let at = 0; at < end; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x !== y) return rankOf(x) - rankOf(y)
  }
  return a.length - b.length
}

/** Moves surrogates above all other UTF-16 units, where the characters they stand for belong. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2800 : unit
}
