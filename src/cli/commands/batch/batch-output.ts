import { jsonLine } from '../../../text/escape.js'
import { count } from '../../../text/quantity.js'
import type { JobResult } from './run-jobs.js'

/** The totals of a batch. */
export interface BatchTotals {
  readonly jobs: number
  readonly failed: number
  readonly status: number
  readonly seconds: number
}

/** A job as one line of JSON: what its command printed as JSON, and its messages. */
export function jobJson({ job, status, stdout, stderr, seconds }: JobResult): string {
  const results = linesOf(stdout).map((line) => JSON.parse(line) as unknown)
  const messages = linesOf(stderr)
  const { name, command } = job
  return jsonLine({ job: name, command, status, results, messages, seconds })
}

/** The last line. */
export function totalsJson(totals: BatchTotals): string {
  return jsonLine(totals)
}

/** A job for people: a heading, and what its command printed. */
export function jobText({ job, status, stdout, seconds }: JobResult): string {
  const how = status === 0 ? 'done' : `status ${status}`
  return `${job.name}: ${job.command}, ${how}, ${seconds.toFixed(1)} s\n${stdout}`
}

export function totalsText({ jobs, failed, seconds }: BatchTotals): string {
  return `${count(jobs, 'job')}, ${failed} failed, ${seconds.toFixed(1)} s\n`
}

/** The messages of a job with its name: `btkit: NAME: …`. */
export function namedMessages(name: string, stderr: string): string {
  return linesOf(stderr)
    .map((line) => `${line.replace(/^((?:\u001b\[\d+m)*btkit:)/, `$1 ${name}:`)}\n`)
    .join('')
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}
