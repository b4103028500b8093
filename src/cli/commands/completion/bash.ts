import { quoted, type CommandWords, type Values } from './words.js'

/** The script that lets bash complete btkit; it needs no other package. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  return `# Completion for bash: source <(btkit completion bash)
_btkit() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local command=\${COMP_WORDS[1]} options='' operands=text value=''
  # In --option=value, bash makes a word of the =
  if [[ $word == '=' ]]; then word=''
  elif [[ $before == '=' ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quoted(`${mainNames(commands).join(' ')} --help --version`)} -- "$word"))
    return
  fi
  case $command in
${groups(commands)}  esac
  case $command in
${commands.map(commandCase).join('')}  esac
  if [[ -z $value && ( $word == -* || $operands == text ) ]]; then value="=$options"; fi
  COMPREPLY=()
  case \${value:-$operands} in
    =*) COMPREPLY=($(compgen -W "\${value#=}" -- "$word")) ;;
    words:*) COMPREPLY=($(compgen -W "\${operands#words:}" -- "$word")) ;;
    preset|alias)
      COMPREPLY=($(compgen -W "$(command "\${COMP_WORDS[0]}" completion --values "$value" 2>/dev/null)" -- "$word")) ;;
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    directory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    torrent)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -X '!*.torrent' -- "$word"; compgen -d -- "$word") ;;
  esac
}
complete -F _btkit btkit
`
}

function mainNames(commands: readonly CommandWords[]): string[] {
  return [...new Set(commands.map(({ names }) => names[0] ?? ''))]
}

/** Adds its second word to the command of a group, or completes that one. */
function groups(commands: readonly CommandWords[]): string {
  const byName = new Map<string, string[]>()
  for (const { names, leaf } of commands) {
    const pattern = names.join('|')
    if (leaf !== null) byName.set(pattern, [...(byName.get(pattern) ?? []), leaf])
  }
  const cases = [...byName].map(([pattern, leaves]) => {
    return `    ${pattern})
      if ((COMP_CWORD == 2)); then
        COMPREPLY=($(compgen -W ${quoted([...leaves, '--help'].join(' '))} -- "$word"))
        return
      fi
      command+=" \${COMP_WORDS[2]}" ;;
`
  })
  return cases.join('')
}

function commandCase({ names, leaf, options, operands }: CommandWords): string {
  const patterns = names.map((name) => (leaf === null ? name : quoted(`${name} ${leaf}`)))
  const words = options.flatMap((option) => option.names).join(' ')
  const byValue = new Map<string, string[]>()
  for (const { names: own, value } of options) {
    if (value === null) continue
    const text = typeof value === 'string' ? value : `=${value.join(' ')}`
    byValue.set(text, [...(byValue.get(text) ?? []), ...own])
  }
  const values = [...byValue].map(([text, own]) => {
    // Any text, so that no names are offered
    return `        ${own.join('|')}) value=${quoted(text === 'text' ? '=' : text)} ;;\n`
  })
  const cases = values.length === 0 ? '' : `      case $before in\n${values.join('')}      esac\n`
  return `    ${patterns.join('|')})
      options=${quoted(words)} operands=${quoted(spelled(operands))}
${cases}      ;;
`
}

function spelled(values: Values): string {
  return typeof values === 'string' ? values : `words:${values.join(' ')}`
}
