/** Work in steps. Between two of them, other work may have its turn. */
export type Steps<T> = Generator<undefined, T, undefined>

/** Does all steps at once. */
export function doAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/**
 * Calls `pause` after each step, which may wait, or throw if the work is no longer wanted. Without
 * turns all steps are done at once.
 */
export async function doInTurns<T>(steps: Steps<T>, turns: Turns | undefined): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (turns?.isSliceOver()) await turns.pause()
  }
}

/** The turns of work beside other work. */
export interface Turns {
  /** Whether the work has used its slice of time. */
  readonly isSliceOver: () => boolean
  /** Resolves when the work may go on. */
  readonly pause: () => Promise<void>
}

/** Items of a list that are one step. */
const STEP = 64

/** Calls `act` for each item, some in a step. */
export function* each<T>(items: Iterable<T>, act: (item: T) => void): Steps<void> {
  let count = 0
  for (const item of items) {
    act(item)
    if (++count % STEP === 0) yield
  }
}

/** Sorts texts, by UTF-16 units. */
export function* sorted(texts: string[]): Steps<string[]> {
  if (texts.length <= STEP) return texts.sort()
  const middle = texts.length >> 1
  const first = yield* sorted(texts.slice(0, middle))
  const second = yield* sorted(texts.slice(middle))
  let [i, j] = [0, 0]
  yield* eachNumber(texts.length, (at) => {
    const [a, b] = [first[i], second[j]]
    const isFirst = b === undefined || (a !== undefined && a <= b)
    texts[at] = (isFirst ? first[i++] : second[j++]) ?? ''
  })
  return texts
}

/** The same for the numbers from 0 to before `count`. */
export function* eachNumber(count: number, act: (number: number) => void): Steps<void> {
  for (let number = 0; number < count; number++) {
    act(number)
    if ((number + 1) % STEP === 0) yield
  }
}
