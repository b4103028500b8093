// The build writes this module from the records of all commands: scripts/command-list.js.
import type { CommandRecord, DefineCommand } from './context.js'

/** A command whose module is not loaded yet. */
export interface CommandEntry extends Omit<CommandRecord, 'define'> {
  /** The name of its folder in commands/. */
  readonly name: string
  /** Loads only the module of this command, for a fast start. */
  readonly load: () => Promise<DefineCommand>
}

/** The subcommands, in the order of the help. */
export declare const commandTable: readonly CommandEntry[]

/** Finds a command by its name or another spelling. */
export declare function findCommand(name?: string): CommandEntry | undefined

/** The options of a command, or of all commands of a group, by their keys. */
export interface SectionKeys {
  /** The `no-…` form of an option with a value is among them. */
  readonly values: readonly string[]
  /** These have a `no-…` form each. */
  readonly switches: readonly string[]
  /** These count in the section only, not in `defaults:`. */
  readonly own: readonly string[]
}

/** The options of all commands, by section of a configuration. */
export declare function optionKeys(): Readonly<Record<string, SectionKeys>>
