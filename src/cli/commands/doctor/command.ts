import { availableParallelism } from 'node:os'
import { Command } from '@commander-js/extra-typings'
import {
  availableKernels,
  chooseKernel,
  hasAddon,
  measureKernel,
} from '../../../hash/kernels/choose.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { formatBytes } from '../../../text/quantity.js'
import { version } from '../../version.js'

/** The command `doctor`. */
export function defineDoctor({ io }: CommandContext) {
  return new Command('doctor')
    .description('Say what this installation runs on, and how fast it hashes.')
    .action(() => {
      const chosen = chooseKernel(io.env['BTKIT_HASH'] || undefined)
      io.stdout.write(
        `btkit ${version()}, Node ${process.version} on ${process.platform} ${process.arch}\n`,
      )
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
  if (env['BTKIT_HASH']) return 'BTKIT_HASH asks for it'
  if (!hasAddon()) return 'the native accelerator is not built'
  return 'the fastest that this processor runs'
}
