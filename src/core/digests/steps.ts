/**
 * Work in many small steps of at most a millisecond, with a result at the end. The caller can do
 * other work between steps.
 */
export type Steps<T> = Generator<undefined, T>

/** Runs all steps, and returns the result. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}
