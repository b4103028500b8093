/** A path with a separator at its end, before which a name can be put. */
export function asPrefix(path: string, separator: string): string {
  return path.endsWith(separator) ? path : path + separator
}
