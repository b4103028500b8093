import { Argument, Command } from '@commander-js/extra-typings'
import type { CommandContext } from '../../context.js'
import { bashCompletion } from './bash.js'
import { fishCompletion } from './fish.js'
import { commandWords } from './words.js'
import { zshCompletion } from './zsh.js'

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

const EXAMPLES = `
Examples:
  btkit completion bash > ~/.local/share/bash-completion/completions/btkit
  btkit completion fish > ~/.config/fish/completions/btkit.fish`

/** The command `completion`. */
export function defineCompletion({ io, commands }: CommandContext) {
  return new Command('completion')
    .description('Print a script with which a shell completes commands, options and values.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish'] as const))
    .addHelpText('after', EXAMPLES)
    .action(async (shell) => {
      io.stdout.write(SCRIPTS[shell](commandWords(await commands())))
    })
}
