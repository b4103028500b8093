/** The system's name for what went wrong, such as ENOENT; undefined for any other error. */
export function osCodeOf(error: unknown): string | undefined {
  const isOsError = error instanceof Error && 'syscall' in error
  return isOsError ? (error as NodeJS.ErrnoException).code : undefined
}
