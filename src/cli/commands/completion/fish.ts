import { quoted, type CommandWords, type OptionWords, type Values } from './words.js'

/** Asks btkit for the names in the configuration. */
const VALUES = `function __btkit_values
    set -l words (commandline -opc)
    command $words[1] completion --values $argv 2>/dev/null
end
`

/** The script that lets fish complete btkit. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap((command) => {
    const condition = conditionOf(command)
    const at = `complete -c btkit -n ${quoted(condition)}`
    const options = command.options.map((option) => `${at} ${optionArgs(option)}`)
    return [...options, ...operandLines(at, command.operands)]
  })
  return `# Completion for fish: btkit completion fish | source
function __btkit_at
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv
end
function __btkit_below
    set -l words (commandline -opc)
    contains -- "$words[3]" $argv
end
${VALUES}complete -c btkit -f
complete -c btkit -n 'test (count (commandline -opc)) -eq 1' -l help -d 'print the help'
complete -c btkit -n 'test (count (commandline -opc)) -eq 1' -l version -d 'print the version'
${[...nameLines(commands), ...lines].join('\n')}
`
}

function conditionOf({ names, leaf }: CommandWords): string {
  const at = `__btkit_at ${names.join(' ')}`
  return leaf === null ? at : `${at}; and __btkit_below ${leaf}`
}

function nameLines(commands: readonly CommandWords[]): string[] {
  const lines = commands.map(({ names, leaf, summary, description }) => {
    const [name = ''] = names
    const [count, at] = leaf === null ? [1, ''] : [2, `__btkit_at ${names.join(' ')}; and `]
    const condition = quoted(`${at}test (count (commandline -opc)) -eq ${count}`)
    const about = ` -d ${quoted(leaf === null ? summary : description)}`
    const own = `complete -c btkit -n ${condition} -a ${leaf ?? name}${about}`
    const group = `complete -c btkit -n 'test (count (commandline -opc)) -eq 1' -a ${name} -d ${quoted(summary)}`
    return leaf === null ? [own] : [group, own]
  })
  return [...new Set(lines.flat())]
}

function optionArgs({ names, description, value }: OptionWords): string {
  const spelled = names.map((name) => {
    return name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`
  })
  const takes = value === null ? [] : [`-x${value === 'text' ? '' : ` ${argumentsOf(value)}`}`]
  return [...spelled, ...takes, `-d ${quoted(description)}`].join(' ')
}

function operandLines(at: string, operands: Values): string[] {
  return operands === 'text' ? [] : [`${at} ${argumentsOf(operands)}`]
}

function argumentsOf(values: Exclude<Values, 'text'>): string {
  switch (values) {
    case 'file':
      return "-a '(__fish_complete_path)'"
    case 'directory':
      return "-a '(__fish_complete_directories)'"
    case 'torrent':
      return "-k -a '(__fish_complete_suffix .torrent)'"
    case 'preset':
    case 'alias':
      return `-a '(__btkit_values ${values})'`
    default:
      return `-a ${quoted(values.join(' '))}`
  }
}
