/** A subject and the message about it. */
export interface Said {
  readonly what: string
  readonly why: string
}

/** The most lines for one cause; if there are more subjects, the most names in its one line. */
const MOST = { mostLines: 3, mostNames: 20, subjects: 'entries' }

/** Groups messages by cause. A cause with many subjects gets one line. */
export function byCause(all: readonly Said[], limits: Partial<typeof MOST> = {}): string[] {
  const { mostLines, mostNames, subjects } = { ...MOST, ...limits }
  const causes = new Map<string, string[]>()
  for (const { what, why } of all) {
    const whats = causes.get(why) ?? []
    causes.set(why, whats)
    whats.push(what)
  }
  return [...causes].flatMap(([why, whats]) => {
    const distinct = [...new Set(whats)]
    if (distinct.length > mostLines)
      return [`${whats.length} ${subjects} (${firstOf(distinct, mostNames)}): ${why}`]
    return distinct.map((what) => {
      const count = whats.filter((other) => other === what).length
      const line = what === '' ? why : `${what}: ${why}`
      return count === 1 ? line : `${line} (${count} ${subjects})`
    })
  })
}

/** The most characters of names in a line, in addition to the first name. */
const MOST_TEXT = 2000

/** The first of several names, and how to get all. */
function firstOf(names: readonly string[], most: number): string {
  const listed: string[] = []
  for (const name of names.slice(0, most)) {
    if (listed.length > 0 && listed.join().length + name.length > MOST_TEXT) break
    listed.push(name)
  }
  const rest = names.length - listed.length
  return [...listed, ...(rest > 0 ? [`… ${rest} more; --json names all`] : [])].join(', ')
}
