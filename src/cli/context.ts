import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Section } from './configuration/located.js'
import type { Io } from './io.js'

/** A command line of a job, with its options from the batch file; the strongest is last. */
interface JobInvocation {
  readonly args: readonly string[]
  readonly job: readonly Section[]
}

/** The context in which a command runs. */
export interface CommandContext {
  readonly io: Io
  /** The name by which the program was called. */
  readonly program: string
  /** Whether that is a BitTornado name, whose arguments and output are kept compatible. */
  readonly isLegacy: boolean
  /** Builds all commands with their options, for a command that describes them. */
  readonly commands: () => Promise<readonly CommandUnknownOpts[]>
  /** Reads the configuration again. Returns lines about changes that need a restart. */
  readonly reloadConfiguration: () => Promise<readonly string[]>
  /** Runs a job of a batch in this process, and returns its exit status. */
  readonly runCommand: (job: JobInvocation, io: Io) => Promise<number>
  /** Sets the exit status, which is 0 by default. */
  readonly finish: (status: number) => void
}

/** Builds a command. Each file in commands/ exports one such function. */
export type DefineCommand = (context: CommandContext) => CommandUnknownOpts
