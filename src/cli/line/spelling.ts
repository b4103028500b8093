/** Formats `; did you mean "…"?` with the most similar name, or an empty text. */
export function suggestion(name: string, names: Iterable<string>): string {
  const best = mostSimilar(name, names)
  return best === null ? '' : `; did you mean "${best}"?`
}

/** The most similar of some names; null if none is similar. */
export function mostSimilar(name: string, names: Iterable<string>): string | null {
  let best: string | null = null
  // Up to a third of the letters may differ
  let least = Math.floor(Math.max(name.length, 3) / 3) + 1
  for (const each of names) {
    const changes = distance(name.slice(0, 100), each)
    // At least one letter is the same
    if (changes < Math.min(least, each.length)) [best, least] = [each, changes]
  }
  return best
}

/** Number of letters to insert, remove, change, or swap with the next. */
function distance(one: string, other: string): number {
  let before: number[] = []
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (const [i, letter] of Array.from(one).entries()) {
    const next = [i + 1]
    for (const [j, otherLetter] of Array.from(other).entries()) {
      const replaced = (row[j] ?? 0) + (letter === otherLetter ? 0 : 1)
      const isSwapped = i > 0 && j > 0 && letter === other[j - 1] && one[i - 1] === otherLetter
      const swapped = isSwapped ? (before[j - 1] ?? 0) + 1 : Infinity
      next.push(Math.min(replaced, swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    ;[before, row] = [row, next]
  }
  return row.at(-1) ?? 0
}
