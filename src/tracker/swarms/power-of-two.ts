/** The smallest power of two that is at least `count`. `count` must be at most 2^31. */
export function ceilingPowerOfTwo(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1))
}
