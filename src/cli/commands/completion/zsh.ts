import { quoted, type CommandWords, type OptionWords, type Values } from './words.js'

/** The script that lets zsh complete btkit, in a file `_btkit` of its `fpath` or sourced. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  return `#compdef btkit
# Completion for zsh: source <(btkit completion zsh), after compinit
_btkit() {
  local -a known options
  local before=\${words[CURRENT-1]} name=\${words[2]}
  if ((CURRENT == 2)); then
    known=(${described(mainCommands(commands))})
    _describe command known
    return
  fi
  if compset -P '(--[a-z0-9-]##=)'; then before=\${IPREFIX%=}; fi
  case $name in
${groups(commands)}  esac
  case $name in
${commands.map(commandCase).join('')}  esac
}
if [[ $funcstack[1] == _btkit ]]; then _btkit "$@"; else compdef _btkit btkit; fi
`
}

type Described = readonly (readonly [name: string, description: string])[]

function described(entries: Described): string {
  return entries.map(([name, text]) => quoted(`${name.replaceAll(':', '\\:')}:${text}`)).join(' ')
}

function mainCommands(commands: readonly CommandWords[]): Described {
  return [...new Map(commands.map(({ names, summary }) => [names[0] ?? '', summary]))]
}

function groups(commands: readonly CommandWords[]): string {
  const byName = new Map<string, [string, string][]>()
  for (const { names, leaf, description } of commands) {
    const pattern = names.join('|')
    if (leaf !== null) byName.set(pattern, [...(byName.get(pattern) ?? []), [leaf, description]])
  }
  const cases = [...byName].map(([pattern, leaves]) => {
    return `    ${pattern})
      if ((CURRENT == 3)); then known=(${described(leaves)}); _describe command known; return; fi
      name+=" \${words[3]}" ;;
`
  })
  return cases.join('')
}

function commandCase({ names, leaf, options, operands }: CommandWords): string {
  const patterns = names.map((name) => (leaf === null ? name : quoted(`${name} ${leaf}`)))
  const byValue = new Map<string, string[]>()
  for (const { names: own, value } of options) {
    if (value === null) continue
    byValue.set(complete(value), [...(byValue.get(complete(value)) ?? []), ...own])
  }
  const values = [...byValue].map(([act, own]) => `        ${own.join('|')}) ${act}; return ;;\n`)
  const cases = values.length === 0 ? '' : `      case $before in\n${values.join('')}      esac\n`
  return `    ${patterns.join('|')})
${cases}      options=(${described(options.flatMap(eachName))})
      if [[ $PREFIX == -* ]]; then _describe -o option options; else ${complete(operands)}; fi ;;
`
}

function eachName({ names, description }: OptionWords): Described {
  return names.map((name) => [name, description])
}

function complete(values: Values): string {
  switch (values) {
    case 'file':
      return '_files'
    case 'directory':
      return '_files -/'
    case 'torrent':
      return "_files -g '*.torrent'"
    case 'preset':
    case 'alias':
      return `compadd -- \${(f)"$(command $words[1] completion --values ${values} 2>/dev/null)"}`
    case 'text':
      return ':'
    default:
      return `compadd -- ${values.map(quoted).join(' ')}`
  }
}
