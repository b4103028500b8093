/** A task that is repeated. */
export interface PeriodicTask {
  readonly act: () => unknown
  /** Milliseconds from the end of one run to the start of the next. */
  readonly period: number
}

/**
 * Repeats tasks, each with its own period and never twice at once. Returns a function that stops
 * them and waits for the runs under way.
 */
export function startPeriodicTasks(
  tasks: readonly PeriodicTask[],
  onError: (error: unknown) => void,
): () => Promise<void> {
  const timers = new Set<NodeJS.Timeout>()
  const running = new Set<Promise<void>>()
  let isOver = false
  const schedule = (task: PeriodicTask) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      const run = doTask(task).finally(() => running.delete(run))
      running.add(run)
    }, task.period)
    timer.unref()
    timers.add(timer)
  }
  const doTask = async (task: PeriodicTask) => {
    try {
      await task.act()
    } catch (error) {
      onError(error)
    }
    if (!isOver) schedule(task)
  }
  tasks.forEach(schedule)
  return async () => {
    isOver = true
    for (const timer of timers) clearTimeout(timer)
    await Promise.all(running)
  }
}
