import { Argument, Command, Option } from '@commander-js/extra-typings'
import { BtkitError } from '../../../errors.js'
import { configurationFiles, readConfigurations } from '../../configuration/files.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { bashCompletion } from './bash.js'
import { fishCompletion } from './fish.js'
import { commandWords } from './words.js'
import { zshCompletion } from './zsh.js'

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

const EXAMPLES = `
Examples:
  btkit completion bash > ~/.local/share/bash-completion/completions/btkit
  btkit completion fish > ~/.config/fish/completions/btkit.fish`

export function defineCompletion({ io, commands }: CommandContext) {
  return (
    new Command('completion')
      .description('Print a script with which a shell completes commands, options and values.')
      .addArgument(new Argument('[shell]', 'the shell').choices(['bash', 'zsh', 'fish'] as const))
      // The scripts ask for these while somebody types
      .addOption(
        new Option('--values <kind>', 'print names of the configuration')
          .choices(['preset', 'alias'] as const)
          .hideHelp(),
      )
      .addHelpText('after', EXAMPLES)
      .action(async (shell, { values, ...options }) => {
        const { config } = options as { readonly config?: string }
        if (values) io.stdout.write(await configuredNames(values, config, io))
        else if (shell) io.stdout.write(SCRIPTS[shell](commandWords(await commands())))
        else throw new BtkitError('usage', 'name a shell: bash, zsh or fish')
      })
  )
}

/**
 * The presets or aliases in the configuration, a line each. Mistakes in it are not reported, and
 * names that a shell might take for something else are left out.
 */
async function configuredNames(
  kind: 'preset' | 'alias',
  config: string | undefined,
  io: Io,
): Promise<string> {
  const files = configurationFiles(config, io)
  const all = await readConfigurations(files, io, new Set())
  const names = all.flatMap(({ presets, aliases }) =>
    kind === 'preset' ? presets.map(({ name }) => name) : aliases.map(({ key }) => key),
  )
  const plain = names.filter((name) => /^\w[\w.+@-]*$/.test(name))
  return [...new Set(plain)].map((name) => `${name}\n`).join('')
}
