/**
 * A form of a name that sorts as people expect: numbers by their value, so that 1.9 precedes 1.10,
 * and without a difference between small and capital letters.
 */
export function naturalKey(name: string): string {
  const key = name.toLowerCase()
  return /\d/.test(key) ? key.replace(/\d+/g, lengthFirst) : key
}

/** Puts the number of digits first: without leading zeros, more digits mean a larger number. */
function lengthFirst(digits: string): string {
  const number = digits.replace(/^0+(?=\d)/, '')
  return `0${String.fromCharCode(0x30 + number.length)}${number}`
}

/** Sorts names as people expect. */
export function sortNaturally(names: readonly string[]): string[] {
  const keyed = names.map((name) => ({ name, key: naturalKey(name) }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ name }) => name)
}
