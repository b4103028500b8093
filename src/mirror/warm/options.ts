/** Settings of hashing before anybody asks. */
export interface WarmOptions {
  /** Patterns for the paths of files; see PathPatterns. */
  readonly patterns: readonly string[]
  /** Milliseconds between two searches of all directories. */
  readonly interval: number
  /** Most bytes read per second; null for no limit. */
  readonly maxRate: number | null
  /** The feed leaves out files modified before this time, in milliseconds since 1970. */
  readonly feedSince: number
}
