import { hostname } from 'node:os'
import { Command } from '../../acting-command.js'
import { WorkerPool } from '../../../disk/hash/jobs/worker-pool.js'
import { count } from '../../../base/text/quantity.js'
import { cacheAccessFor, closeCache } from '../../open/cache.js'
import { declareReadingOptions } from '../../options/reading.js'
import { engineFor } from '../../open/engine.js'
import { queueOption, SHARE_KEY_FILE, SHARE_MACHINE, SHARE } from '../../options/share.js'
import { queueAddress, queueShares } from '../../open/share.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { Report } from '../../output/report.js'
import { serviceManager } from '../../open/service-manager.js'

const EXAMPLES = `
Examples:
  btkit worker --queue redis://queue.example --share iso=/srv/iso \\
    --share-key-file share.key
  btkit worker --queue file:redis.url --share iso=/mnt/a --share rpm=/mnt/b \\
    --share-key-file share.key --max-rate 100M`

/** The longest name of a machine. */
const LONGEST_NAME = 64

export const command: CommandRecord = {
  group: 'Seldom needed',
  order: 60,
  summary: 'Hash files for other machines',
  example: '--queue redis://host --share a=/srv/a --share-key-file share.key',
  isService: true,
  define: defineWorker,
}

function defineWorker({ io, typed, finish }: CommandContext) {
  return declareWorker().action(async (options) => {
    const address = queueAddress(['worker', options.queue], typed(), io)
    const { keys, ...rules } = queueShares(options, io)
    const machine = options.shareMachine ?? hostname().slice(0, LONGEST_NAME)
    const pool = new WorkerPool()
    // Locks of jobs are renewed on this thread
    const engine = { ...engineFor(options, io), pool, isOffloaded: true }
    const { text, alert: warn } = new Report({}, io)
    const manager = serviceManager(io.env, warn)
    const cacheAccess = cacheAccessFor(options, io)
    await cacheAccess.cache.wake()
    try {
      const { work } = await import('../../../fleet/worker.js')
      const what = `${machine} takes jobs from ${address.label}`
      const onConnected = () => {
        text(`${what}, ${count(options.threads, 'thread')}`)
      }
      // It waits for a Redis that is gone
      manager.ready(what)
      const { signal } = io
      const told = { warn, onConnected, onDone: text }
      await work({ address, keys, rules, machine, engine, cacheAccess, signal, ...told })
    } finally {
      manager.stopping()
      await pool.close()
      await closeCache(cacheAccess, io)
    }
    finish(0)
  })
}

function declareWorker() {
  const command = new Command('worker')
    .description('Hash files for other machines, until a signal ends it.')
    .optionsGroup('Jobs:')
    .opt(
      ...queueOption(
        'use the queue of this Redis; file:PATH reads the URL. See ADDRESSES in btkit-fleet(7).',
      ),
    )
    .opt(...SHARE)
    .opt(...SHARE_KEY_FILE)
    .opt(...SHARE_MACHINE)
  return declareReadingOptions(command).addHelpText('after', EXAMPLES)
}
