/**
 * Work in many small steps, each a millisecond at most, with its result at the end: whoever has
 * other things to see to can do so in between.
 */
export type Steps<T> = Generator<undefined, T>

/** Does all of it at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}
