import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings'
import type { InfoRule } from '../../core/complete/report.js'

export type CommandOption = CommandUnknownOpts['options'][number]

/** The properties of an option that commander's declaration lacks. */
export interface Traits {
  /**
   * The names that its values are. A shell completes them, and a batch finds paths beside its file.
   */
  readonly takes?: 'file' | 'directory' | 'preset'
  /** Values that a shell offers, although others are allowed, too. */
  readonly offers?: readonly string[]
  /**
   * The trackers that its values are, which makes them secret, and lets aliases stand for them:
   * tiers, one each time, or one each time to add or to remove. To remove, a text may be wrong in
   * any way.
   */
  readonly trackers?: 'tiers' | 'one' | 'added' | 'removed'
  /**
   * Whether an empty value means something. Any other one is refused, since a variable in a script
   * may be unset.
   */
  readonly mayBeEmpty?: boolean
  /**
   * Whether values are often secret. They are hidden, and can be read from a file or a variable.
   */
  readonly isSecret?: boolean
  /**
   * The form of its values in a configuration, unless its default is a list or it takes one value.
   */
  readonly form?: 'list' | 'tiers' | 'map' | 'json-map'
  /** Separates the values of an option that takes a whole list in one argument. */
  readonly separator?: string
  /**
   * Options that are refused beside it, by commander's names. A name alone also stands in
   * `replaces`; an exclusion with more to say is an error wherever the values are from.
   */
  readonly excludes?: readonly (string | Exclusion)[]
  /** The options without which it is refused. */
  readonly needs?: readonly Need[]
  /**
   * Options that say the same in another way, by commander's names. Where one of both is stronger,
   * as one that is typed is stronger than one in a configuration, the weaker one counts no more.
   */
  readonly replaces?: readonly string[]
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
  /** The option, by its long name, whose place it takes: an error about that one names this one. */
  readonly insteadOf?: string
}

/** An option that is refused beside another. */
export interface Exclusion {
  readonly option: string
  /** Whether two values exclude each other, or the value that both have; by default all do. */
  when?(own: unknown, other: unknown): boolean | string
  /** The reason, which follows behind the message. */
  readonly why?: string
}

/** Another option that an option needs. */
export interface Need {
  /** The options, by long names without hyphens, of which one is enough. */
  readonly oneOf: readonly string[]
  /** Whether a value needs them, or how messages show the value that does; by default all do. */
  when?(own: unknown): boolean | string
  /** The reason, which follows behind the message. */
  readonly why?: string
  /**
   * Whether it is ignored without them unless it is typed, as what a configuration sets for several
   * commands.
   */
  readonly ifTyped?: boolean
}

/** The heading of options that hardly anybody needs, which the help has last. */
export const RARELY_NEEDED = 'Rarely needed:'

/** The traits of options whose values are names. */
export const FILE: Traits = { takes: 'file' }
export const DIRECTORY: Traits = { takes: 'directory' }

/** The properties of a switch that is off. */
export const OFF = { default: false }

/**
 * How an option is read, besides all that help, configuration, completion, schema and batch know
 * about it.
 */
export interface Declared<Value, Default, Choice extends string | undefined> extends Traits {
  /** Reads a text. `previous` is the default, or the value of the text before. */
  readonly parse?: (text: string, previous: never) => Value
  readonly default?: Default
  /** The default as the help has it. */
  readonly defaultText?: string
  readonly choices?: readonly Choice[]
  /** Whether the help omits it. */
  readonly isHidden?: boolean
}

/** An option's value if it is not given. */
export type DefaultValue = string | number | boolean | readonly unknown[] | undefined

/**
 * The declaration of an option: `--name <value>`, its paragraph in the manual and its properties.
 * The help has the first sentence. `scripts/manual-options.js` says what a paragraph may have.
 */
export type Declaration<
  Flags extends string,
  Value,
  Default,
  Choice extends string | undefined,
> = readonly [flags: Flags, paragraph: string, declared?: Declared<Value, Default, Choice>]

/** The declaration of an option that several commands have. */
export function option<
  const Flags extends string,
  Value = undefined,
  Default extends DefaultValue = undefined,
  const Choice extends string | undefined = undefined,
>(...declaration: Declaration<Flags, Value, Default, Choice>): typeof declaration {
  return declaration
}

const SENTENCE_END = /\. (?=[A-Z0-9'<*-])/

/**
 * The option of a declaration as commander has it. Its properties are its `traits`; `more` has the
 * sentences of its paragraph that the help omits.
 */
export function declaredOption(
  flags: string,
  paragraph: string,
  traits: Declared<unknown, unknown, string | undefined>,
): Option {
  const { parse, choices, isHidden = false } = traits
  const [sentence = '', ...more] = paragraph.replaceAll(/\s+/g, ' ').split(SENTENCE_END)
  const made = new Option(flags, sentence)
    .default(traits.default, traits.defaultText)
    .hideHelp(isHidden)
  if (choices) made.choices(choices as readonly string[])
  if (parse) made.argParser(parse as (text: string, previous: unknown) => unknown)
  return Object.assign(made as unknown as Option, { traits, more })
}

/** An option of a command, with the properties of its declaration. */
export interface OptionEntry {
  readonly traits: Traits
  /** The long name without leading hyphens; `cache` if only `--no-cache` exists. */
  readonly key: string
  /** Commander's name. */
  readonly attribute: string
  /**
   * The form of its value in a configuration: a boolean, one value, values, tiers of values, or
   * values by key.
   */
  readonly kind: 'switch' | 'value' | 'list' | 'tiers' | 'map'
  /** The option that turns it on or gives its value; null if only `--no-…` exists. */
  readonly on: CommandOption | null
  /** The option `--no-…`; null if there is none. */
  readonly off: CommandOption | null
  /** Whether the help omits it, like names from old programs. */
  readonly isHidden: boolean
  /** The accepted values, if they are limited. */
  readonly choices: readonly string[] | null
}

/** The properties of an option; none for one of commander's own class. */
export function traitsOf(option: CommandOption | null): Traits {
  return (option as { readonly traits?: Traits } | null)?.traits ?? {}
}

/** Whether the values of an option are paths. */
export function takesPaths({ traits }: OptionEntry): boolean {
  return traits.takes === 'file' || traits.takes === 'directory'
}
