import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { BtkitError } from '../../base/errors.js'
import type { Progress } from '../../library/task.js'
import { copyMagnet } from '../../page-parts/item.js'
import { renderFoldedQr } from '../../page-parts/qr-code.js'
import { html, type Html } from '../../base/text/html.js'
import { formatBytes, formatDuration } from '../../base/text/quantity.js'
import type { Form } from './form.js'
import type { Answer } from '../../server/headers/answer.js'
import { type PageParts, problem } from './frame.js'

/** How a job stands. */
type JobState = 'running' | 'done' | 'failed' | 'cancelled'

/** The jobs that are kept; older ones that ended are forgotten. */
const MOST_KEPT = 50

/** The facts about a job. */
export interface JobFacts<T = unknown> {
  /** Names the work for people. */
  readonly title: string
  /** The page that began it, and shows its result. */
  readonly tool: string
  /** The path of what is worked on. */
  readonly path: string
  /** The form that began it. */
  readonly form: Form
  /** Says what it does, if it only ends when somebody stops it. */
  readonly lasts?: string
  /** The magnet link of a torrent that it seeds. */
  readonly magnet?: string | null
  /** The page of its result, a level below the page that began it. */
  show(result: T, job: Job<T>): PageParts
}

/** The longest form in an address, in characters; a longer one begins empty. */
const LONGEST_ADDRESS = 8000

/** The address of the page that began a job, from a page of jobs, with some of the fields. */
export function formAddress({ tool }: { readonly tool: string }, form: Form): string {
  const fields = form.without('act').toString()
  return `../${tool}${fields === '' || fields.length > LONGEST_ADDRESS ? '' : `?${fields}`}`
}

/** Options of work: when to end, and where to say how far it is. */
export interface Run {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  /** Says in words how it stands. */
  readonly tell: (text: string) => void
}

/** Begins work. */
export type Work<T> = (run: Run) => Promise<T>

/** Work that a page began, and that goes on when the page is left. */
export class Job<T = unknown> {
  readonly id = randomBytes(8).toString('hex')
  state: JobState = 'running'
  progress: Progress | null = null
  /** How it stands, in its own words; empty for none. */
  told = ''
  result: T | null = null
  error: Error | null = null
  readonly #controller = new AbortController()
  readonly #begun: number
  #ended: number | null = null
  #shown: PageParts | null = null

  constructor(
    readonly about: JobFacts<T>,
    private readonly now: () => number,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#begun = now()
  }

  /** Milliseconds that it took, or takes so far. */
  get elapsed(): number {
    return (this.#ended ?? this.now()) - this.#begun
  }

  /** Whether it was asked to end. It does so when its work looks up. */
  get isCancelled(): boolean {
    return this.#controller.signal.aborted
  }

  /** The page of the result, which never changes and may be large. */
  get shown(): PageParts {
    return (this.#shown ??= this.about.show(this.result as T, this))
  }

  cancel(): void {
    this.#controller.abort()
  }

  /** Runs the work to its end; never rejects. */
  async follow(work: Work<T>): Promise<void> {
    const onProgress: Run['onProgress'] = (progress) => {
      this.progress = progress
    }
    try {
      const tell: Run['tell'] = (text) => {
        this.told = text
      }
      this.result = await work({ signal: this.#controller.signal, onProgress, tell })
      this.state = 'done'
    } catch (error) {
      const isCancelled = error instanceof BtkitError && error.code === 'interrupted'
      this.state = isCancelled ? 'cancelled' : 'failed'
      this.error = error instanceof BtkitError ? error : new Error('internal error')
      if (this.error !== error) this.onError(error)
    } finally {
      this.#ended = this.now()
    }
  }
}

/** The jobs of the pages. */
export class Jobs {
  readonly #jobs = new Map<string, Job>()
  readonly #ends = new Map<Job, Promise<void>>()

  /** `now` is a clock in milliseconds that never jumps; `onError` receives internal errors. */
  constructor(
    private readonly now: () => number,
    private readonly onError: (error: unknown) => void,
    private readonly onEnd: () => void = () => undefined,
  ) {}

  /** Starts work and returns its job. */
  start<T>(about: JobFacts<T>, work: Work<T>): Job<T> {
    const job = new Job<T>(about, this.now, this.onError)
    this.#jobs.set(job.id, job)
    this.#forget()
    const end = job.follow(work).then(() => {
      this.#ends.delete(job)
      this.onEnd()
    })
    this.#ends.set(job, end)
    return job
  }

  /**
   * Starts work, and returns its job after it ended, or after `patience` milliseconds.
   * @throws BtkitError if the work fails meanwhile; then the job is forgotten
   */
  async begin<T>(about: JobFacts<T>, work: Work<T>, patience: number): Promise<Job<T>> {
    const job = this.start(about, work)
    await Promise.race([this.#ends.get(job), setTimeout(patience, null, { ref: false })])
    if (!(job.state === 'failed' && job.error instanceof BtkitError)) return job
    this.#jobs.delete(job.id)
    throw job.error
  }

  /** @throws BtkitError `not-found` */
  get(id: string): Job {
    const job = this.#jobs.get(id)
    if (job) return job
    throw new BtkitError('not-found', 'this job is not known any more')
  }

  /** The jobs, newest first. */
  list(): Job[] {
    return [...this.#jobs.values()].reverse()
  }

  /** Whether there is work that ends by itself. */
  get isBusy(): boolean {
    return this.list().some(({ state, about }) => state === 'running' && about.lasts === undefined)
  }

  /** Resolves when all work has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#ends.values())
  }

  cancelAll(): void {
    for (const job of this.#jobs.values()) job.cancel()
  }

  #forget(): void {
    for (const [id, { state }] of this.#jobs) {
      if (this.#jobs.size <= MOST_KEPT) break
      if (state !== 'running') this.#jobs.delete(id)
    }
  }
}

const CANCELLED = html`<p class="note" role="status">Files that were finished before stay.</p>`

/** Shows a job that is running, or that ended without a result. */
export function jobPage(job: Job, page: (parts: PageParts) => Answer): Answer {
  const { about, state, error, id } = job
  const isRunning = state === 'running'
  const isCancelled = state === 'cancelled'
  const ending = about.lasts === undefined ? 'was cancelled' : 'has ended'
  return page({
    title: isCancelled ? `${about.title} ${ending}` : about.title,
    root: '../',
    refresh: isRunning ? 1 : undefined,
    content: isRunning
      ? html`<section class="card" data-job="${id}">
          <p>
            ${about.lasts ?? html`<progress aria-label="Progress" ${valuesOf(job)}></progress>`}
          </p>
          <p id="told">${describeJob(job)}</p>
          <p class="muted name" id="now">${job.progress?.path ?? ''}</p>
          <form method="post" action="${id}/cancel">
            <button>${about.lasts === undefined ? 'Cancel' : 'Stop'}</button>
          </form>
          ${magnetOf(job, '../')}
        </section>`
      : html`${isCancelled ? about.lasts === undefined && CANCELLED : error && problem(error)}
          <p class="acts">
            <a class="button main" href="${formAddress(about, about.form)}">Back to the form</a>
          </p>`,
  })
}

function valuesOf({ progress }: Job): Html | null {
  if (!progress || progress.bytesTotal === 0) return null
  return html`max="${progress.bytesTotal}" value="${progress.bytesDone}"`
}

/** The ways to pass on the torrent that a job seeds; `root` is the way to the first page. */
export function magnetOf({ id, about: { magnet = null } }: Job, root: string): Html | null {
  return magnet === null
    ? null
    : html`<p class="acts">${copyMagnet(magnet, `magnet-${id}`)}</p>
        ${renderFoldedQr(magnet, root)}`
}

/** Describes the progress of a job in words. */
export function describeJob({ about, progress, elapsed, isCancelled, told }: Job): string {
  if (isCancelled) return 'It ends as soon as it can.'
  if (told !== '' || about.lasts !== undefined) return told || 'It begins.'
  if (!progress || progress.bytesDone === 0) return 'The files are listed.'
  const { bytesDone, bytesTotal } = progress
  const rate = (1000 * bytesDone) / Math.max(elapsed, 1)
  const left = formatDuration(Math.max(0, bytesTotal - bytesDone) / Math.max(rate, 1))
  const done = `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`
  return `${done}, ${formatBytes(Math.round(rate))}/s, about ${left} left`
}

/** Returns the status for the script, which asks several times a second. */
export function jobStatus(job: Job) {
  const { state, progress } = job
  return {
    state,
    told: describeJob(job),
    path: progress?.path ?? '',
    done: progress?.bytesDone ?? 0,
    total: progress?.bytesTotal ?? 0,
  }
}
