/** Some entries of a directory, as a walk comes by them. */
interface Stretch<Directory, Entry> {
  readonly directory: Directory
  readonly entries: readonly Entry[]
  /** Makes the walk go through a directory before it reads more of this one. */
  readonly enter: (below: Directory) => void
}

/** The entries of a directory, some at a time. */
type Reading<Entry> = Generator<readonly Entry[], void> | AsyncGenerator<readonly Entry[], void>

/** How a walk reads directories. Of an entry it knows only what `read` returns. */
interface Walk<Directory, Entry> {
  /** Reads a directory in the order of the walk. */
  readonly read: (directory: Directory) => Reading<Entry>
  /**
   * Receives the error of a directory; the walk goes on behind it (default: the error ends the
   * walk).
   */
  readonly onError?: (error: unknown, directory: Directory) => void | Promise<void>
}

/**
 * Walks through a directory and those that the caller enters, depth first. If `read` returns an
 * entry that may be entered as the last of some, everything below it comes before its next one, so
 * a sorted listing makes a sorted walk.
 */
export async function* walk<Directory, Entry>(
  root: Directory,
  { read, onError }: Walk<Directory, Entry>,
): AsyncGenerator<Stretch<Directory, Entry>> {
  const open = [{ directory: root, rest: read(root) }]
  const next = async ({ directory, rest }: (typeof open)[number]) => {
    try {
      const found = await rest.next()
      return found.done ? null : found.value
    } catch (error) {
      if (!onError) throw error
      await onError(error, directory)
      return null
    }
  }
  try {
    for (let last = open.at(-1); last; last = open.at(-1)) {
      const entries = await next(last)
      if (entries === null) {
        open.pop()
        continue
      }
      const below: Directory[] = []
      yield { directory: last.directory, entries, enter: (each) => void below.push(each) }
      for (const each of below.reverse()) open.push({ directory: each, rest: read(each) })
    }
  } finally {
    for (const { rest } of open) await rest.return(undefined)
  }
}
