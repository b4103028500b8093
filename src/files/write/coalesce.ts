/**
 * Lets calls for the same key share a run of `act`. A call that is made while `act` runs for its key
 * waits for the next run, since the current one may have begun too early for it; all calls that wait
 * for a key share that run.
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
