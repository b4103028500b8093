// A process that answers on the sockets of another: what was answered within the second it answers
// again, files it sends, and for all else it asks the other.
import { boundHeapGrowth } from '../../heap-growth.js'
import { AnsweringWorker } from './answering-worker.js'
import { removeMainSocket } from '../workers/main-server.js'
import type { FromWorker, ToWorker, WorkerSettings } from '../workers/messages.js'

// Those that are for the whole service go to all of its processes: what they mean, the other says
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) {
  process.on(signal, () => undefined)
}
// Nothing can be answered without it; and when it was killed, it left its socket
process.once('disconnect', () => {
  if (mainPath !== null) removeMainSocket(mainPath)
  end(1)
})
boundHeapGrowth()

let worker: AnsweringWorker | null = null
let mainPath: string | null = null

process.on('message', (message: ToWorker, handle: unknown) => {
  if (message.kind === 'begin') begin(message.settings)
  else if (message.kind === 'tls') worker?.takeTls(message.pair)
  else if (message.kind === 'listen') worker?.listen(handle, message.isSecure)
  else if (message.kind === 'ready') void tell({ kind: 'ready' })
  else if (message.kind === 'report') void worker?.report(message.id)
  else if (message.kind === 'expire') worker?.expire()
  else
    void worker?.stop().then(() => {
      end(0)
    })
})

function begin(settings: WorkerSettings): void {
  mainPath = settings.mainPath
  worker = new AnsweringWorker(settings, tell)
}

/** Tells the other process, and resolves when that is on its way. */
function tell(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => {
      resolve()
    })
  })
}

function end(status: number): void {
  // eslint-disable-next-line no-restricted-properties -- a process of its own, with nobody to return to
  process.exit(status)
}
