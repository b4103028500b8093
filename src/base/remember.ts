/** Texts whose answers are kept, and the longest of them in characters. */
const MOST = 256
const LONGEST = 1024

/**
 * Returns a function that answers as `ask`, and keeps its last answers. None may be undefined.
 * Thousands of torrents have the same few addresses: with 20 trackers in each of 8,000, `lint`
 * would take 2.0 s instead of 1.0 s.
 */
export function remembering<T>(ask: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const answer = known.get(text)
    if (answer !== undefined) return answer
    const asked = ask(text)
    if (known.size === MOST) known.clear()
    if (text.length <= LONGEST) known.set(text, asked)
    return asked
  }
}
