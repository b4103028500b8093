import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { pathOf } from './prepare-command.js'

/** What someone sees who types a command without any arguments: how it goes, and where more is. */
export function shortUsage(command: CommandUnknownOpts, example: string): string {
  const path = pathOf(command)
  const lines = [
    `Usage: ${command.createHelp().commandUsage(command)}`,
    '',
    command.description(),
    '',
    'Example:',
    `  ${path} ${example}`,
    '',
    `${path} --help lists the options, and man ${path.replace(' ', '-')} explains them.`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}
