/** The name that is most like `name`, if any is like it; for a typing error. */
export function nearestName(name: string, names: Iterable<string>): string | null {
  let best: string | null = null
  // A third of the letters may be wrong
  let least = Math.floor(Math.max(name.length, 3) / 3) + 1
  for (const each of names) {
    const changes = distance(name.slice(0, 100), each)
    if (changes < least) [best, least] = [each, changes]
  }
  return best
}

/** `(did you mean …?)` with a space in front, or nothing. */
export function suggestion(name: string, names: Iterable<string>): string {
  const nearest = nearestName(name, names)
  return nearest === null ? '' : ` (did you mean ${nearest}?)`
}

/** The number of letters to put in, take out or change. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (const [i, letter] of Array.from(one).entries()) {
    const next = [i + 1]
    for (const [j, otherLetter] of Array.from(other).entries()) {
      const replaced = (row[j] ?? 0) + (letter === otherLetter ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
