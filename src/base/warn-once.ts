/** Passes on each warning once, by its key, and at most `most` of them; the last one says so. */
export function warnOnce(
  warn: (message: string) => void,
  most: number,
): (key: string, message: string) => void {
  const warned = new Set<string>()
  return (key, message) => {
    if (warned.has(key) || warned.size >= most) return
    warned.add(key)
    warn(warned.size < most ? message : `${message}; further failures are not reported`)
  }
}
