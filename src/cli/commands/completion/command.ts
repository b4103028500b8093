import { Argument } from '@commander-js/extra-typings'
import { Command } from '../../acting-command.js'
import type { CommandContext, CommandRecord } from '../../context.js'

const EXAMPLES = `
Examples:
  btkit completion bash > ~/.local/share/bash-completion/completions/btkit
  btkit completion fish > ~/.config/fish/completions/btkit.fish`

export const command: CommandRecord = {
  group: 'Seldom needed',
  order: 20,
  summary: 'Print the completion script for bash, zsh or fish',
  example: 'bash',
  toleratesMistakes: true,
  define: defineCompletion,
}

function defineCompletion({ io }: CommandContext) {
  return new Command('completion')
    .description('Print a script with which a shell completes commands, options and values.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish'] as const))
    .addHelpText('after', EXAMPLES)
    .action((shell) => {
      io.stdout.write(SCRIPTS[shell])
    })
}

/** Each passes the words up to the cursor to `btkit __complete`; see offers.ts for its answer. */
const SCRIPTS = {
  bash: `# Completion for bash: source <(btkit completion bash)
_btkit() {
  local word=\${COMP_WORDS[COMP_CWORD]} offers
  # In --option=value, bash makes a word of the =
  if [[ $word == '=' ]]; then word=''; fi
  mapfile -t offers < <(command "\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  case \${offers[0]-} in
    :file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    :directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    :torrent)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -X '!*.torrent' -- "$word"; compgen -d -- "$word") ;;
    *) COMPREPLY=("\${offers[@]%%$'\\t'*}") ;;
  esac
}
complete -F _btkit btkit
`,
  zsh: `#compdef btkit
# Completion for zsh: source <(btkit completion zsh), after compinit
_btkit() {
  local -a offers
  local tab=$'\\t'
  offers=("\${(@f)$(command $words[1] __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $offers[1] == :* ]]; then compset -P '(--[a-z0-9-]##=)'; fi
  case $offers[1] in
    '') ;;
    :file) _files ;;
    :directory) _files -/ ;;
    :torrent) _files -g '*.torrent' ;;
    *)
      offers=("\${(@)offers//:/\\\\:}")
      offers=("\${(@)offers/$tab/:}")
      _describe btkit offers ;;
  esac
}
if [[ $funcstack[1] == _btkit ]]; then _btkit "$@"; else compdef _btkit btkit; fi
`,
  fish: `# Completion for fish: btkit completion fish | source
function __btkit_offers
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l offers (command $words[1] __complete $words[2..] "$word" 2>/dev/null)
    set -l option (string match -r -- '^--[a-z0-9-]+=' "$word"; or echo '')
    set -l value (string replace -- "$option" '' "$word")
    switch "$offers[1]"
        case :file
            __fish_complete_path "$value" | string replace -r '^' -- "$option"
        case :directory
            __fish_complete_directories "$value" | string replace -r '^' -- "$option"
        case :torrent
            __fish_complete_suffix .torrent
        case '*'
            printf '%s\\n' $offers
    end
end
complete -c btkit -f -k -a '(__btkit_offers)'
`,
} as const
