import type { TestContext } from 'node:test'
import threads, { type Transferable } from 'node:worker_threads'
import type { Order } from '../../src/pages/work/work-program.js'
import { importMocks } from './import-mocks.js'

// An import would be the mock
const { Worker } = threads

/** Threads that have ended their work. */
const spare: KeptThread[] = []

/** A thread whose end is that of its process, unless it is at work: it takes long to start. */
class KeptThread extends Worker {
  #isAtWork = true

  override postMessage(order: Order, transfer: readonly Transferable[]): void {
    this.#isAtWork = order.name !== 'closeCache'
    super.postMessage(order, transfer)
  }

  override async terminate(): Promise<number> {
    if (this.#isAtWork) return super.terminate()
    for (const event of ['message', 'error']) this.removeAllListeners(event)
    this.unref()
    spare.push(this)
    return 0
  }
}

/** Lets pages without a cache use the thread of a test before, as long as this test runs. */
export function keepThread(t: TestContext): void {
  // Mocks of mocks are not all restored
  if (threads.Worker !== Worker) return
  function start(...program: ConstructorParameters<typeof Worker>) {
    const [url, options] = program
    if (!String(url).endsWith('/work-program.js') || options?.workerData !== null)
      return new Worker(...program)
    const thread = spare.pop() ?? new KeptThread(...program)
    thread.ref()
    return thread
  }
  t.mock.method(threads, 'Worker', start as never)
  importMocks(t)
}
