import { availableParallelism } from 'node:os'
import { Command } from '@commander-js/extra-typings'
import { availableKernels, chooseKernel, measureKernel } from '../../../hash/kernels/choose.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { formatBytes } from '../../../text/quantity.js'
import { findAddon } from '../../../native-addon.js'
import { version } from '../../../version.js'

/** Defines the command `doctor`. */
export function defineDoctor({ io }: CommandContext) {
  return new Command('doctor')
    .description('Show how this installation hashes, and how fast.')
    .action(() => {
      const chosen = chooseKernel(io.env['BTKIT_HASH'] || undefined)
      io.stdout.write(
        `btkit ${version()}, Node ${process.version} on ${process.platform} ${process.arch}\n`,
      )
      for (const line of accelerator()) io.stdout.write(`${line}\n`)
      io.stdout.write(`threads: ${availableParallelism()}\n`)
      io.stdout.write(`hash kernel: ${chosen.name} (${reason(io)})\n`)
      for (const kernel of availableKernels()) {
        io.stdout.write(
          `  ${kernel.name.padEnd(7)} SHA-1 ${formatBytes(measureKernel(kernel, 'sha1'))}/s a thread\n`,
        )
      }
    })
}

function reason({ env }: Io): string {
  if (env['BTKIT_HASH']) return 'set by BTKIT_HASH'
  return 'the fastest on this machine'
}

/** Names the native accelerator in use, and why others could not be loaded. */
function accelerator(): string[] {
  const { origin, failures } = findAddon()
  return [`accelerator: ${origin ?? 'none'}`, ...failures.map((failure) => `  ${failure}`)]
}
