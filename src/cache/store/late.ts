import { forwardStore } from './forward.js'
import { nullStore } from './null.js'
import type { Store } from './store.js'

/**
 * A store that keeps nothing until the one that is being opened can be used. Closing it before that
 * calls `stop`, which should have the opening end soon.
 */
export function lateStore(opening: Promise<Store>, stop: () => void): Store {
  let store = nullStore
  const ready = opening.then((opened) => {
    store = opened
  })
  return forwardStore(
    () => store,
    async () => {
      stop()
      await ready
      await store.close()
    },
  )
}
