// A guide's shell blocks. A block of `console` shows commands after `$ `, with `> ` before lines
// that go on, and their output. In output `…` stands for any text, and a line of `…` for any lines.
// A block of `sh` has commands alone. An HTML comment before a block, which no reader sees, says
// why a test can't run it, or which programs it needs:
//
//   <!-- not run: asks a public host -->
//   <!-- needs: jq transmission-daemon -->

/** A command, and its output where the guide shows it. */
export interface Step {
  /** The line of the guide, from 1. */
  readonly line: number
  readonly command: string
  readonly expected: string | null
}

export interface Block {
  readonly line: number
  readonly steps: readonly Step[]
  /** Why a test does not run it, or null. */
  readonly notRun: string | null
  /** Programs that it needs beside those of the base system. */
  readonly needs: readonly string[]
}

const FENCED = /^(?: *<!-- (not run|needs): (.+?) -->\n)?( *)```(sh|console)\n([\s\S]*?)^\3```$/gm

/** The shell blocks of a guide in their order. */
export function readBlocks(markdown: string): Block[] {
  return [...markdown.matchAll(FENCED)].map((match) => {
    const [whole, kind, mark = '', indent = '', language, body = ''] = match
    const text = body.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    const start = whole.indexOf('```')
    const line = markdown.slice(0, match.index + start).split('\n').length
    return {
      line,
      steps: language === 'sh' ? plainSteps(text, line + 1) : shownSteps(text, line + 1),
      notRun: kind === 'not run' ? mark : null,
      needs: kind === 'needs' ? mark.split(' ') : [],
    }
  })
}

function plainSteps(text: string, first: number): Step[] {
  const steps: { line: number; command: string; expected: null }[] = []
  text
    .trimEnd()
    .split('\n')
    .forEach((shown, index) => {
      const last = steps.at(-1)
      if (last !== undefined && (shown.startsWith(' ') || isOpen(last.command)))
        last.command += `\n${shown}`
      else steps.push({ line: first + index, command: shown, expected: null })
    })
  return steps
}

/**
 * Whether a command goes on: its last line ends in `\\` or `|`, or a text up to `END` has not
 * ended.
 */
function isOpen(command: string): boolean {
  return /[\\|]$/.test(command) || /<<'END'(?![^]*^END$)/m.test(command)
}

function shownSteps(text: string, first: number): Step[] {
  const steps: { line: number; command: string; expected: string }[] = []
  text
    .trimEnd()
    .split('\n')
    .forEach((shown, index) => {
      const last = steps.at(-1)
      if (shown.startsWith('$ ')) {
        steps.push({ line: first + index, command: shown.slice(2), expected: '' })
      } else if (last === undefined) {
        throw new Error(`line ${first + index}: a console block must begin with "$ "`)
      } else if (shown.startsWith('> ') && last.expected === '')
        last.command += `\n${shown.slice(2)}`
      else last.expected += `${shown}\n`
    })
  return steps
}

/** Whether output is as a guide shows it. */
export function isAsShown(output: string, expected: string): boolean {
  const lines = expected.trimEnd().split('\n')
  const pattern = lines.map((line) => (line === '…' ? '(?:.*\\n)*?' : `${patternOf(line)}\\n`))
  return new RegExp(`^${pattern.join('')}$`).test(`${output.trimEnd()}\n`)
}

function patternOf(line: string): string {
  return line
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')
}
