import { Command } from '../../acting-command.js'
import type { CommandContext, CommandRecord } from '../../context.js'

const EXAMPLES = `
Examples:
  btkit presets
  btkit presets --json`

export const command: CommandRecord = {
  group: 'Other names',
  order: 30,
  summary: 'List the presets of the configuration',
  define: definePresets,
}

/** A spelling of `config show --presets`. */
function definePresets({ io, configFile, finish, runCommand }: CommandContext) {
  return new Command('presets')
    .description('List the presets of the configuration, for --preset.')
    .option('--json', 'print one line of JSON for each preset', false)
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }) => {
      const config = configFile()
      const args = [
        ...['config', 'show', '--presets'],
        ...(json ? ['--json'] : []),
        ...(config === undefined ? [] : ['--config', config]),
      ]
      finish(await runCommand({ args, job: [] }, io))
    })
}
