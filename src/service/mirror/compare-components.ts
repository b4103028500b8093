import { compareBytes } from '../../files/byte-order.js'

/** Orders paths component by component, by the bytes of their names in UTF-8. */
export function compareComponents(a: readonly string[], b: readonly string[]): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const order = compareBytes(a[i] ?? '', b[i] ?? '')
    if (order !== 0) return order
  }
  return a.length - b.length
}
