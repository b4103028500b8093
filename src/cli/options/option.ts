import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings'
import type { InfoRule } from '../../core/complete/info-rules.js'

export type CommandOption = CommandUnknownOpts['options'][number]

/** The properties of an option that commander's declaration lacks. */
export interface Traits {
  /** The names that its values are. A shell completes them, and a batch finds paths beside its file. */
  readonly takes?: 'file' | 'directory' | 'preset'
  /** Values that a shell offers, although others are allowed, too. */
  readonly offers?: readonly string[]
  /**
   * The trackers that its values are, which makes them secret, and lets aliases stand for them: tiers,
   * one each time, or one each time to add or to remove. To remove, a text may be wrong in any way.
   */
  readonly trackers?: 'tiers' | 'one' | 'added' | 'removed'
  /** Whether values are often secret. They are hidden, and can be read from a file or a variable. */
  readonly isSecret?: boolean
  /** The form of its values in a configuration, unless its default is a list or it takes one value. */
  readonly form?: 'list' | 'tiers' | 'map' | 'json-map'
  /** Separates the values of an option that takes a whole list in one argument. */
  readonly separator?: string
  /** Options that cannot be used beside it, by commander's names, as the command itself checks. */
  readonly excludes?: readonly string[]
  /** Whether only the command's own section of a configuration may set it, not `defaults:`. */
  readonly isOwn?: boolean
  /** The variable that the command reads itself if the option is not given. */
  readonly variable?: string
  /** Whether BitTornado's names accept it from a configuration, because it changes no torrent. */
  readonly isForLegacy?: boolean
  /** The rule of `info` that it decides. */
  readonly rule?: InfoRule
  /** The values that decide the rule; all if not given. */
  readonly ruledBy?: string
  /**
   * Whether it is set once for a machine or a service. The help lists only the names of such options;
   * without that, options that everybody needs would be hard to find among them.
   */
  readonly isSetting?: boolean
  /** Whether it applies only to a client that btkit starts. */
  readonly isForOwnClient?: boolean
}

export const SETTING: Traits = { isSetting: true }

/** The traits of options whose values are names. */
export const FILE: Traits = { takes: 'file' }
export const DIRECTORY: Traits = { takes: 'directory' }

/** An option with all that help, configuration, completion, schema and batch know about it. */
export class Opt<Usage extends string> extends Option<Usage> {
  constructor(
    flags: Usage,
    description: string,
    readonly traits: Traits,
  ) {
    super(flags, description)
  }
}

/** The properties of an option; none for one of commander's own class. */
export function traitsOf(option: CommandOption | null): Traits {
  return (option as { readonly traits?: Traits } | null)?.traits ?? {}
}

/** The options given to `conflicts`, by commander's names; its types omit them. */
export function conflictsOf(option: CommandOption): readonly string[] {
  return (option as { readonly conflictsWith?: readonly string[] }).conflictsWith ?? []
}

/** Commander's names of a command's options with a property. `source` says where their values are from. */
export function attributesWith(
  command: CommandUnknownOpts,
  name: keyof Traits,
  source?: string,
): string[] {
  const names = command.options.flatMap((option) => {
    return traitsOf(option)[name] ? option.attributeName() : []
  })
  return names.filter((each) => !source || command.getOptionValueSource(each) === source)
}

/**
 * Keeps `defaults:` from the options of a command that say what to change in torrents. Options that
 * say how have the trait already.
 */
export function ownOptions<C extends CommandUnknownOpts>(command: C): C {
  for (const option of command.options)
    Object.assign(option, { traits: { isOwn: true, ...traitsOf(option) } })
  return command
}
