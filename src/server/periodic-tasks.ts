/**
 * Repeats tasks, each never twice at once: `period` has the milliseconds from the end of one run to
 * the start of the next. Returns a function that stops them and waits for the runs under way.
 */
export function startPeriodicTasks(
  tasks: readonly { readonly act: () => unknown; readonly period: number }[],
  onError: (error: unknown) => void,
): () => Promise<void> {
  let isOver = false
  const ends = tasks.map(({ act, period }) => {
    let run = Promise.resolve()
    const actOnce = async () => {
      try {
        await act()
      } catch (error) {
        onError(error)
      }
      if (!isOver) timer = actLater()
    }
    const actLater = () => {
      return setTimeout(() => {
        run = actOnce()
      }, period).unref()
    }
    let timer = actLater()
    return () => {
      clearTimeout(timer)
      return run
    }
  })
  return async () => {
    isOver = true
    await Promise.all(ends.map((end) => end()))
  }
}
