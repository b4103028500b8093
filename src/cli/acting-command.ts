import {
  Command as DeclaredCommand,
  type CommandUnknownOpts,
  type InferArgument,
  type InferOptions,
  InvalidArgumentError,
  type OptionValues,
} from '@commander-js/extra-typings'
import { BtkitError, usageError } from '../base/errors.js'
import { asReason } from './options/given.js'
import { type Declaration, declaredOption, type DefaultValue } from './options/option.js'

type Action = (this: unknown, ...words: unknown[]) => unknown

const actions = new WeakMap<object, Action>()

/** The properties of a command, above all of its operands, that commander's declaration lacks. */
interface CommandTraits {
  /** The names that its operands are, which a shell completes. */
  readonly takes?: 'file' | 'directory' | 'torrent' | 'command' | 'text'
  /** Whether one may be a tracker, for which an alias may stand. */
  readonly isTracker?: boolean
  /** Whether a URL that is no tracker's is the address of content. */
  readonly takesUrls?: boolean
  /**
   * Whether `defaults:` sets none of its options, because they say what to change, unless one says
   * otherwise.
   */
  readonly ownsOptions?: boolean
}

/** A command that commander declares and describes; it splits no line, and calls no action. */
export class Command<
  Args extends unknown[] = [],
  // oxlint-disable-next-line typescript/no-empty-object-type -- commander's own default, to which options add
  Opts extends OptionValues = {},
> extends DeclaredCommand<Args, Opts> {
  constructor(
    name?: string,
    readonly traits: CommandTraits = {},
  ) {
    super(name)
  }

  /** Declares an option with all that is known of it. */
  opt<
    const Flags extends string,
    Value = undefined,
    Default extends DefaultValue = undefined,
    const Choice extends string | undefined = undefined,
  >(...[flags, description, declared]: Declaration<Flags, Value, Default, Choice>) {
    const { ownsOptions: isOwn = false } = this.traits
    this.addOption(declaredOption(flags, description, { isOwn, ...declared }))
    return this as unknown as Command<
      Args,
      InferOptions<Opts, Flags, Default, Value, false, undefined, Choice>
    >
  }

  override argument<S extends string, T = undefined>(name: S, description = '', parse?: unknown) {
    super.argument(name, description, parse as (text: string, previous: T) => T)
    return this as unknown as Command<[...Args, InferArgument<S, undefined, T>], Opts>
  }

  override action(
    act: (this: this, ...words: [...Args, Opts, this]) => void | Promise<void>,
  ): this {
    actions.set(this, act as Action)
    return this
  }
}

/** The properties of a command. */
export function commandTraits(command: CommandUnknownOpts): CommandTraits {
  return (command as { readonly traits?: CommandTraits }).traits ?? {}
}

/**
 * Calls the action of a command with its operands and the values of its options.
 * @throws BtkitError `usage` for an operand that its parser refuses, and as the action
 */
export async function callAction(
  command: CommandUnknownOpts,
  operands: readonly string[],
  options: OptionValues,
): Promise<void> {
  const values = command.registeredArguments.map((declared, i) => {
    const words = declared.variadic ? operands.slice(i) : operands.slice(i, i + 1)
    const parsed = words.map((word) => parseOperand(declared, word))
    if (declared.variadic) return parsed
    return parsed.length > 0 ? parsed[0] : (declared.defaultValue as unknown)
  })
  await actions.get(command)?.call(command, ...values, options, command)
}

function parseOperand(
  declared: CommandUnknownOpts['registeredArguments'][number],
  word: string,
): unknown {
  if (!declared.parseArg) return word
  try {
    return declared.parseArg(word, declared.defaultValue as unknown)
  } catch (error) {
    if (error instanceof BtkitError) throw usageError(error.message, { cause: error })
    if (!(error instanceof InvalidArgumentError)) throw error
    const why = `<${declared.name()}> '${word}': ${asReason(error.message)}`
    throw usageError(why, { cause: error })
  }
}
