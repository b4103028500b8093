// Writes the lists of options in the pages of the manual from the declarations of the options.
// A page has the comment `.\" Options of COMMAND: NAME...` above such a list; the names have no
// hyphens in front, and several such lines are one list.
//
//   node scripts/manual-options.js [--check]      after a build
//
// --check writes nothing, and fails if a page would change.
//
// A paragraph of an option is plain text. 'TEXT' is literal, <NAME> an argument, *NAME* a key.
// Options, pages such as btkit-edit(1), variables and `see SECTION` are recognized.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { commandTable } from '../dist/src/cli/command-list.js'
import { describeOption } from '../dist/src/cli/help.js'
import { leafCommands } from '../dist/src/cli/options/table.js'

const LIST = /((?:^\.\\" Options of .*\n)+)(?:\.Bl -tag -width Ds\n\.It Fl [^]*?^\.El\n)?/gm
const WIDTH = 80

const MACRO = new RegExp(
  [
    /(?<![\w'])'(?<Ql>[^']+|'[^']*)'(?!\w)/,
    /(?<![\w-])-(?<Fl>-[a-z][\w-]*|[a-z])(?![\w])/,
    /<(?<Ar>[\w=]+)>/,
    /\*(?<Va>[\w-][\w .-]*)\*/,
    /(?<Nm>btkit(?:-[a-z-]+)?)\((?<page>\d)\)/,
    /(?<Ev>\b(?:BTKIT|SOURCE_DATE)_[A-Z_]+)/,
    /(?<=\b[Ss]ee )(?<Sx>[A-Z]{4,}(?: [A-Z]+)*)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

const options = await readOptions()
const stale = readdirSync('man').filter((page) => {
  const path = `man/${page}`
  const text = readFileSync(path, 'utf8')
  const written = text.replaceAll(LIST, (_, head) => head + renderList(head, text))
  if (written === text) return false
  if (!process.argv.includes('--check')) writeFileSync(path, written)
  return true
})
if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`${stale.join(', ')}: not as the options are declared; run npm run manual`)
  process.exitCode = 1
}

/** The options of all commands by `COMMAND NAME`, such as `cache prune json`. */
async function readOptions() {
  const loaded = await Promise.all(commandTable.map(({ load }) => load()))
  const commands = loaded.map((define) => define({ program: 'btkit', isLegacy: false }))
  const named = leafCommands(commands).flatMap(({ path, command }) =>
    command.options.map((option) => [`${path} ${option.long.slice('--'.length)}`, option]),
  )
  return new Map(named)
}

function renderList(head, page) {
  const names = [...head.matchAll(/Options of (.*): (.*)/g)].flatMap(([, command, list]) =>
    list.split(' ').map((name) => `${command} ${name}`),
  )
  const items = names.map((name) => {
    const option = options.get(name)
    if (!option) throw new Error(`no option ${name}`)
    return renderItem(option, page)
  })
  return `.Bl -tag -width Ds\n${items.join('')}.El\n`
}

function renderItem(option, page) {
  const { short, long, flags, more } = option
  const [, argument] = /[<[](.*)[>\]]$/.exec(flags) ?? []
  const names = short ? `${short.slice(1)} , ${long.slice(1)}` : long.slice(1)
  const first = describeOption(option)
  const sentences = [first[0].toUpperCase() + first.slice(1), ...more]
  const lines = sentences.flatMap((sentence) => linesOf(`${sentence.replace(/\.$/, '')}.`, page))
  return `.It Fl ${names}${argument ? ` Ar ${argument}` : ''}\n${lines.join('\n')}\n`
}

/** A sentence in mdoc, whose macros have lines of their own. */
function linesOf(text, page) {
  const lines = []
  let end = 0
  for (const found of text.matchAll(MACRO)) {
    const [name, argument] = Object.entries(found.groups).find(([, value]) => value !== undefined)
    if (name === 'Sx' && !page.includes(`\n.Sh ${argument}\n`)) continue
    ;({ end } = addMacro(lines, text.slice(end, found.index), { name, argument, found, text }))
  }
  addText(lines, text.slice(end))
  return lines
}

function addText(lines, text) {
  const begin = (word) => word.replace(/^(?=\.)/, '\\&')
  const [first, ...words] = text.trim().split(' ')
  let line = begin(first)
  for (const word of words) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = begin(word)
    } else line = `${line} ${word}`
  }
  if (line !== '') lines.push(line)
}

/** Adds the text before a macro, the macro, and what sticks to it. Returns where that ends. */
function addMacro(lines, before, { name, argument, found, text }) {
  const at = found.index + found[0].length
  const [after] = /^[.,:;)]*/.exec(text.slice(at))
  const [, opening] = /(\(?)$/.exec(before)
  const stuck = before === '' || /[\s(]$/.test(before) ? '' : (/\S+$/.exec(before)?.[0] ?? '')
  addText(lines, before.slice(0, before.length - opening.length - stuck.length))
  const page = found.groups.page === undefined ? '' : ` Ns Pq ${found.groups.page}`
  const shown = argument
    .replaceAll('\\', '\\e')
    .replace(/^(?=[.,|:;?!()]+$)/, '\\&')
    .replace(/(?<=[^&][.,:;?!)])$/, '\\&')
  const inFront = opening === '' ? '' : 'Pq '
  const start = stuck === '' ? '' : `No ${stuck} Ns `
  const marks = (opening === '' ? after : after.replace(')', '')).split('')
  lines.push(
    `.${inFront}${start}${name} ${shown}${page}${marks.map((mark) => ` ${mark}`).join('')}`,
  )
  return { end: at + after.length }
}
