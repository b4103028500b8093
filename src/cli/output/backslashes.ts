/** Names with a backslash: how many there are, and the path of the first. */
export interface BackslashedNames {
  readonly count: number
  readonly first: string | null
}

/** What is to be said of them, as one line; null where there are none. */
export function backslashWarning({ count, first }: BackslashedNames): string | null {
  if (first === null) return null
  const others = count > 1 ? ` and ${count - 1} more` : ''
  return `${first}${others}: a backslash in a name, which some clients change`
}
