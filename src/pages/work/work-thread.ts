import { MessageChannel, Worker } from 'node:worker_threads'
import { BtkitError } from '../../base/errors.js'
import type { TaskOptions } from '../../library/task.js'
import type { WorkMessage, Order, ThreadRequest, WorkResult, WorkTable } from './work-program.js'

/**
 * A thread for the work of the tools, which may take seconds without a pause if a torrent has very
 * many files. Meanwhile pages are answered. It starts with the first work.
 */
export class WorkThread {
  #thread: Worker | null = null
  #isClosed = false
  /** Work that has not ended. */
  #running = 0

  #idle: NodeJS.Timeout | undefined

  /**
   * `warn` receives warnings. A thread without a cache may end `idleAfter` milliseconds after its
   * last work, so that a service keeps none.
   */
  constructor(
    /** The directory of the piece cache; null for none. */
    private readonly cacheDirectory: string | null,
    private readonly warn: (message: string) => void,
    private readonly idleAfter?: number,
  ) {}

  /**
   * Does work on the thread.
   * @throws BtkitError of the work, and `interrupted` if the thread is closed before, `io` if it
   *   dies
   */
  run<Name extends keyof WorkTable>(
    name: Name,
    request: ThreadRequest<Name>,
    { signal, onProgress = () => undefined }: Pick<TaskOptions, 'signal' | 'onProgress'> = {},
  ): Promise<WorkResult<Name>> {
    clearTimeout(this.#idle)
    const thread = (this.#thread ??= this.#start())
    const { port1: answers, port2: port } = new MessageChannel()
    thread.postMessage({ name, request, port } satisfies Order, [port])
    signal?.addEventListener('abort', () => {
      answers.postMessage('cancel')
    })
    this.#running++
    return new Promise<WorkResult<Name>>((resolve, reject) => {
      answers.on('message', (answer: WorkMessage) => {
        if ('progress' in answer) {
          onProgress(answer.progress)
          return
        }
        if ('result' in answer) resolve(answer.result as WorkResult<Name>)
        else if ('error' in answer) reject(answer.error)
        else reject(new BtkitError(answer.fault.code, answer.fault.message).in(answer.fault.field))
        answers.close()
      })
      answers.once('close', () => {
        const why = 'the thread of this work died; files that were finished before stay'
        const died = new BtkitError('io', why)
        reject(this.#isClosed ? new BtkitError('interrupted', 'cancelled') : died)
      })
    }).finally(() => {
      this.#running--
      this.#endWhenIdle()
    })
  }

  /**
   * Ends the thread. Work that has not ended is broken off, which leaves nothing half written:
   * files are replaced as a whole.
   */
  async close(): Promise<void> {
    clearTimeout(this.#idle)
    const thread = this.#thread
    if (thread === null) return
    if (this.#running === 0) await this.run('closeCache', null)
    this.#isClosed = true
    await thread.terminate()
    this.#thread = null
  }

  #endWhenIdle(): void {
    if (this.idleAfter === undefined || this.#running > 0) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      void this.#thread?.terminate()
      this.#thread = null
    }, this.idleAfter)
    this.#idle.unref()
  }

  #start(): Worker {
    this.#isClosed = false
    const thread = new Worker(new URL('./work-program.js', import.meta.url), {
      workerData: this.cacheDirectory,
      // Flags of the program, such as --input-type, may not fit a file
      execArgv: [],
    })
    thread.on('message', this.warn)
    thread.once('error', (error: Error) => {
      this.#thread = null
      this.warn(`a thread ended: ${error.message}; the next work starts another`)
    })
    return thread
  }
}
