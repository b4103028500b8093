/** What is hashed before anybody asks for it. */
export interface WarmOptions {
  /** Patterns for the paths of files; see PathPatterns. */
  readonly patterns: readonly string[]
  /** Milliseconds between two looks at everything. */
  readonly interval: number
  /** Bytes that are read a second; null for any number. */
  readonly maxRate: number | null
  /** The feed leaves out files that were modified before, in milliseconds since 1970. */
  readonly feedSince: number
}
