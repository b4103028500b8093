import { html, type Html } from '../text/html.js'
import { formatBytes, formatDuration } from '../text/quantity.js'
import type { Answer, PageParts } from './frame.js'
import type { Job } from './jobs.js'

/** Shows a job that is running, or that ended without a result. */
export function jobPage(job: Job, page: (parts: PageParts) => Answer): Answer {
  const { about, state, error, id } = job
  const isRunning = state === 'running'
  return page({
    title: about.title,
    root: '../',
    refresh: isRunning ? 1 : undefined,
    content: isRunning
      ? html`<section data-job="${id}">
          <p><progress aria-label="Progress" ${valuesOf(job)}></progress></p>
          <p id="told" role="status">${describeJob(job)}</p>
          <p class="muted name" id="now">${job.progress?.path ?? ''}</p>
          <form method="post" action="${id}/cancel"><button>Cancel</button></form>
        </section>`
      : html`<p class="error" role="alert">
            ${state === 'cancelled' ? 'It was cancelled. Nothing was written.' : (error?.message ?? '')}
          </p>
          <p><a href="../${about.tool}">Back</a></p>`,
  })
}

function valuesOf({ progress }: Job): Html | null {
  if (!progress || progress.bytesTotal === 0) return null
  return html`max="${progress.bytesTotal}" value="${progress.bytesDone}"`
}

/** Describes the progress of a job in words. */
export function describeJob({ progress, elapsed, isCancelled }: Job): string {
  if (isCancelled) return 'It ends as soon as it can.'
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
