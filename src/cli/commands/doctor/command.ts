import { OFF } from '../../options/option.js'
import { availableParallelism } from 'node:os'
import { Command } from '../../acting-command.js'
import { availableKernels, chooseKernel, measureKernel } from '../../../disk/hash/kernels.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { Report } from '../../output/report.js'
import { formatBytes } from '../../../base/text/quantity.js'
import { findAddon } from '../../../base/native-addon.js'
import { version } from '../../../base/process.js'

const EXAMPLES = `
Examples:
  btkit doctor
  BTKIT_HASH=crypto btkit doctor --json`

export const command: CommandRecord = {
  group: 'Maintain',
  order: 30,
  summary: 'Report how this installation hashes, and how fast',
  define: defineDoctor,
}

function defineDoctor({ io }: CommandContext) {
  return new Command('doctor')
    .description('Show how this installation hashes, and how fast.')
    .opt('--json', 'print the report as a JSON object. Speeds are bytes per second.', OFF)
    .addHelpText('after', EXAMPLES)
    .action(({ json }) => {
      const found = examine(io)
      new Report({ json }, io).line(found, linesOf(found))
    })
}

function examine({ env }: Io) {
  const { origin, failures } = findAddon()
  return {
    version: version(),
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    accelerator: origin,
    /** Why other accelerators could not be loaded. */
    failures,
    threads: availableParallelism(),
    kernel: chooseKernel(env['BTKIT_HASH'] || undefined).name,
    isKernelSet: Boolean(env['BTKIT_HASH']),
    /** Bytes per second on one thread. */
    kernels: availableKernels().map((kernel) => {
      return { name: kernel.name, sha1Rate: Math.round(measureKernel(kernel, 'sha1')) }
    }),
  }
}

function linesOf(found: ReturnType<typeof examine>): string[] {
  const { node, platform, arch, accelerator, failures, threads, kernel, isKernelSet } = found
  const reason = isKernelSet ? 'set by BTKIT_HASH' : 'the fastest on this machine'
  return [
    `btkit ${found.version}, Node ${node} on ${platform} ${arch}`,
    `accelerator: ${accelerator ?? 'none'}`,
    ...failures.map((failure) => `  ${failure}`),
    `threads: ${threads}`,
    `hash kernel: ${kernel} (${reason})`,
    ...found.kernels.map(({ name, sha1Rate }) => {
      return `  ${name.padEnd(7)} SHA-1 ${formatBytes(sha1Rate)}/s per thread`
    }),
  ]
}
