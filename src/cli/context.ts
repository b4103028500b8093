import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Io } from './io.js'

/** What a command gets besides its arguments. */
export interface CommandContext {
  readonly io: Io
  /** The name the program was called by. */
  readonly program: string
  /** Whether that is one of BitTornado's names, whose arguments and output stay as they were. */
  readonly isLegacy: boolean
  /** All commands with their options, for a command that is about them. */
  readonly commands: () => Promise<readonly CommandUnknownOpts[]>
  /** Reads the configuration again, and says what of it this run does not have yet. */
  readonly reloadConfiguration: () => Promise<readonly string[]>
  /** Sets the exit status; 0 unless a command says otherwise. */
  readonly finish: (status: number) => void
}

/** Builds a command; each file in commands/ exports one. */
export type DefineCommand = (context: CommandContext) => CommandUnknownOpts
