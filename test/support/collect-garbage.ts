import type { TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How often, in milliseconds. */
const PAUSE_MS = 100

/** Has garbage collected again and again until the test ends: what nothing holds is gone soon. */
export function collectGarbage(t: TestContext): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const timer = setInterval(collect, PAUSE_MS)
  t.after(() => {
    clearInterval(timer)
  })
}

/** Arguments of node that do the same for a whole program. */
export const COLLECTING = [
  '--expose-gc',
  '--import',
  `data:text/javascript,setInterval(gc, ${PAUSE_MS}).unref()`,
]
