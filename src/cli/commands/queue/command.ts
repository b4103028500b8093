import { OFF } from '../../options/option.js'
import { Command } from '../../acting-command.js'
import type { QueueReport } from '../../../fleet/status.js'
import { count, formatBytes } from '../../../base/text/quantity.js'
import { queueOption } from '../../options/share.js'
import { queueAddress } from '../../open/share.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { Report } from '../../output/report.js'

const EXAMPLES = `
Examples:
  btkit queue status --queue redis://queue.example
  btkit queue clear --queue redis://queue.example`

const REDIS =
  'use the queue of this Redis; file:PATH reads the URL. See ADDRESSES in btkit-fleet(7).'

export const command: CommandRecord = {
  group: 'Seldom needed',
  order: 30,
  summary: 'Show and clean the queue of files to hash',
  example: 'status --queue redis://queue.example',
  define: defineQueue,
}

function defineQueue(context: CommandContext) {
  return new Command('queue')
    .description('Show and clean the queue of files to hash.')
    .addHelpText('after', EXAMPLES)
    .addCommand(defineStatus(context))
    .addCommand(defineClear(context))
}

function defineStatus({ io, typed }: CommandContext) {
  return new Command('status')
    .description('Show the workers, and the jobs that are waiting, active and failed.')
    .opt(...queueOption(REDIS))
    .opt(
      '--json',
      `print a JSON object. It has *url*, *workers*, *waiting*, *active*, *failedCount* and
        *failed*.`,
      OFF,
    )
    .action(async ({ queue, json }) => {
      const address = queueAddress(['queue', queue], typed(), io)
      const { inspectQueue } = await loadInspect()
      const report = await inspectQueue(address)
      new Report({ json }, io).line(report, linesOf(report))
    })
}

function defineClear({ io, typed }: CommandContext) {
  return new Command('clear')
    .description('Remove failed jobs.')
    .opt(...queueOption(REDIS))
    .action(async ({ queue }) => {
      const address = queueAddress(['queue', queue], typed(), io)
      const { clearFailed } = await loadInspect()
      new Report({}, io).text(`removed ${count(await clearFailed(address), 'failed job')}`)
    })
}

const loadInspect = () => import('../../../fleet/status.js')

/** A report for people. */
function linesOf(report: QueueReport): string[] {
  const { url, workers, waiting, active, failed, failedCount } = report
  return [
    `queue:   ${url}`,
    `workers: ${workers.length === 0 ? 'none' : workers.join(', ')}`,
    `waiting: ${count(waiting, 'job')}`,
    `active:  ${count(active.length, 'job')}`,
    ...active.map(({ name, bytes, worker }) => {
      const by = worker === null ? '' : `, by ${worker}`
      return `  ${name}: ${formatBytes(bytes)}${by}`
    }),
    `failed:  ${count(failedCount, 'job')}`,
    ...failed.map(({ name, reason }) => `  ${reason.startsWith(name) ? '' : `${name}: `}${reason}`),
  ]
}
