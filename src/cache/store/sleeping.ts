import { forwardStore } from './forward.js'
import { nullStore } from './null.js'
import type { Store } from './store.js'

/** A store that is opened when it is first wanted, and keeps nothing until then. */
export interface SleepingStore {
  readonly store: Store
  /** Opens it, unless that was done. */
  readonly wake: () => Promise<void>
  /** Whether it is open, and there is one. */
  readonly isAwake: () => boolean
}

/** `open` is called once at most, and never rejects. */
export function sleepingStore(open: () => Promise<Store>): SleepingStore {
  let current = nullStore
  let waking: Promise<void> | null = null
  const store = forwardStore(
    () => current,
    async () => {
      await waking
      await current.close()
    },
  )
  const wake = () => {
    waking ??= open().then((opened) => {
      current = opened
    })
    return waking
  }
  return { store, wake, isAwake: () => current !== nullStore }
}
