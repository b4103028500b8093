/** The address of a directory below `base`, percent-encoded and with a slash at its end. */
export function directoryAddress(base: string, directory: readonly string[]): string {
  return [base, ...directory.map(encodeURIComponent), ''].join('/')
}

/** The address of a file below `base`, which has no slash at its end, percent-encoded. */
export function fileAddress(base: string, path: readonly string[]): string {
  return [base, ...path.map(encodeURIComponent)].join('/')
}
