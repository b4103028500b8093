import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Decided } from './configuration/parse.js'
import type { Layer, Problems } from './options/given.js'
import type { Io } from './io.js'

/** A command line. */
export interface Invocation {
  /** The name by which the program was called. */
  readonly program: string
  /** The subcommand for a legacy name; null for `btkit` itself. */
  readonly subcommand: string | null
  readonly args: readonly string[]
}

/** A command with the operands and options of a job. */
export interface CommandJob {
  readonly command: CommandUnknownOpts
  readonly operands: readonly string[]
  /** Its options, the strongest last. */
  readonly layers: readonly Layer[]
}

/** Runs the jobs of a batch, one after the other, by commands that are built once. */
export interface JobRunner {
  /** All commands that jobs may run. */
  readonly commands: readonly CommandUnknownOpts[]
  /** Decides about the options of a job. Mistakes are added to the problems. */
  readonly decide: (job: CommandJob, problems: Problems) => Promise<readonly Decided[]>
  /** Runs a job that was decided about, with the options of the batch. Returns its exit status. */
  readonly run: (job: CommandJob) => Promise<number>
}

/** The options that a batch gives to all of its jobs. */
export interface JobOptions {
  /** The file of `--config`, if given. */
  readonly config: string | undefined
  /** The others, as they are typed. */
  readonly words: readonly string[]
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
  /** The file of `--config`, if given. */
  readonly configFile: () => string | undefined
  /** Reads the configuration again. Returns lines about changes that need a restart. */
  readonly reloadConfiguration: () => Promise<readonly string[]>
  /** Refuses options that exclude each other, for a command that reports that itself. */
  readonly checkTogether: () => void
  /** The options that are typed, or as strong as that. */
  readonly typed: () => readonly Decided[]
  /** Opens a batch, in whose world all jobs run. */
  readonly openJobs: (options: JobOptions, io: Io) => Promise<JobRunner>
  /** Sets the exit status, which is 0 by default. */
  readonly finish: (status: number) => void
}

/** Builds a command. */
export type DefineCommand = (context: CommandContext) => CommandUnknownOpts

/**
 * The headings of the list of commands, in their order. btkit(1) has the same. Of the last two, the
 * general help lists the names only.
 */
export const GROUPS = [
  'Make and change torrents',
  'Show and check',
  'Serve and seed',
  'Maintain',
  'Seldom needed',
  'Other names',
] as const

/** A command. `commands/NAME/command.ts` exports it as `command`, and nothing else lists it. */
export interface CommandRecord {
  readonly group: (typeof GROUPS)[number]
  /** Its place in the group: smaller numbers come first. */
  readonly order: number
  /** Other common names. The help of the command does not list them. */
  readonly spellings?: readonly string[]
  /** One line for the list of commands, beginning with a verb. */
  readonly summary: string
  /** Arguments for an example. A command without them runs if nothing is typed. */
  readonly example?: string
  /**
   * The options that guides use, by their long names with spaces between, if it has more than a
   * screen of them.
   */
  readonly basics?: string
  /** Whether it runs until a signal, and then takes leave of others, which may take a while. */
  readonly isService?: true
  /** Whether all of its options may be in the environment, like the options of a service. */
  readonly hasVariables?: true
  /** Whether a batch may run it. */
  readonly isJob?: true
  /** Whether it works in spite of mistakes in the configuration. */
  readonly toleratesMistakes?: true
  /**
   * Whether a run with options that exclude each other is one that failed, and reported as such.
   */
  readonly reportsContradictions?: true
  readonly define: DefineCommand
}
