import { Worker } from 'node:worker_threads'
import { BtkitError } from '../errors.js'
import type { TaskOptions, TellProgress } from '../library/task.js'
import type {
  Order,
  ThreadSetup,
  Told,
  WorkRequest,
  WorkResult,
  WorkTable,
} from './work-program.js'

/** Work of the thread that has not ended. */
interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  readonly tell: TellProgress
}

/**
 * A thread for the work of the tools, which may take seconds without a pause if a torrent has very many
 * files. Meanwhile pages are answered. It starts with the first work.
 */
export class WorkThread {
  #thread: Worker | null = null
  readonly #pending = new Map<number, Pending>()
  #last = 0

  /** `warn` receives warnings. */
  constructor(
    private readonly setup: ThreadSetup,
    private readonly warn: (message: string) => void,
  ) {}

  /**
   * Does work on the thread.
   * @throws BtkitError of the work
   */
  run<Name extends keyof WorkTable>(
    name: Name,
    request: WorkRequest<Name>,
    { signal, onProgress: tell = () => undefined }: TaskOptions = {},
  ): Promise<WorkResult<Name>> {
    const thread = (this.#thread ??= this.#start())
    const id = ++this.#last
    thread.postMessage({ id, name, request } satisfies Order)
    signal?.addEventListener('abort', () => {
      thread.postMessage({ cancelled: id } satisfies Order)
    })
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject, tell })
    })
  }

  /**
   * Ends the thread. Work that has not ended is broken off, which leaves nothing half written: files
   * are replaced as a whole.
   */
  async close(): Promise<void> {
    const thread = this.#thread
    if (thread === null) return
    if (this.#pending.size === 0) await closeCache(thread)
    await thread.terminate()
    this.#rejectAll(new BtkitError('interrupted', 'the work was broken off'))
  }

  #rejectAll(error: unknown): void {
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }

  #start(): Worker {
    const thread = new Worker(new URL('./work-program.js', import.meta.url), {
      workerData: this.setup,
      // Flags of the program, such as --input-type, may not fit a file
      execArgv: [],
    })
    thread.on('message', (told: Told) => {
      this.#hear(told)
    })
    thread.once('error', (error) => {
      this.#thread = null
      this.#rejectAll(error)
    })
    return thread
  }

  #hear(told: Told): void {
    if (told === 'ended') return
    if ('warning' in told) {
      this.warn(told.warning)
      return
    }
    const pending = this.#pending.get(told.id)
    if ('progress' in told) {
      pending?.tell(told.progress)
      return
    }
    this.#pending.delete(told.id)
    if ('result' in told) pending?.resolve(told.result)
    else if ('error' in told) pending?.reject(told.error)
    else pending?.reject(new BtkitError(told.fault.code, told.fault.message))
  }
}

/** Makes an idle thread close its cache. */
function closeCache(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    thread.on('message', (told: Told) => {
      if (told === 'ended') resolve()
    })
    thread.once('exit', () => {
      resolve()
    })
    thread.postMessage('end' satisfies Order)
  })
}

/**
 * Does work without a cache on a thread that ends with it, so that a service keeps no idle thread.
 * @throws BtkitError of the work
 */
export async function workOnce<Name extends keyof WorkTable>(
  name: Name,
  request: WorkRequest<Name>,
  options: TaskOptions = {},
): Promise<WorkResult<Name>> {
  const thread = new WorkThread({ cacheDirectory: null, cacheTrust: 'full' }, () => undefined)
  try {
    return await thread.run(name, request, options)
  } finally {
    await thread.close()
  }
}
