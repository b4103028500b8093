/**
 * Lets many who want the same thing done share one doing of it. A call made while `act` is at work
 * on its key waits for the next run, since the one under way may have begun too early for it; all
 * calls that wait for a key get the same run.
 */
export function coalesce(act: (key: string) => Promise<void>): (key: string) => Promise<void> {
  const running = new Map<string, Promise<void>>()
  const waiting = new Map<string, Promise<void>>()

  const start = (key: string): Promise<void> => {
    waiting.delete(key)
    const run = act(key).finally(() => {
      if (running.get(key) === run) running.delete(key)
    })
    running.set(key, run)
    return run
  }

  return (key) => {
    const current = running.get(key)
    if (!current) return start(key)
    const next = () => start(key)
    const shared = waiting.get(key) ?? current.then(next, next)
    waiting.set(key, shared)
    return shared
  }
}
