// Finds the commonest breaches of plain English in documents, comments, help and messages:
// `node scripts/lint/prose.js [FILE...]`, by default in all mended files of the checkout.
// prose.json lists the exceptions, each with its reason, and which paths are not yet mended.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Words that send a reader back, with words to use instead. */
const BANNED = {
  anew: 'again, recreate',
  'as one likes': 'leave it out',
  'be it': 'whether',
  'but for': 'except',
  'can not': 'cannot',
  'had better': 'should',
  'hears of': 'receives, is notified of',
  'is as was': 'say what it is',
  'is told': 'is notified',
  'are told': 'are notified',
  'all the same': 'nevertheless, alike',
  'be they': 'whether',
  'none is lost': 'nothing is lost',
  'of no use': 'unused',
  'passed over': 'ignored',
  'taken out': 'removed',
  'takes out': 'removes',
  'tells of': 'reports',
  'told of': 'reported',
  'that will not do': 'invalid',
  'up to date again': 'current',
  'what is there': 'name the thing',
  'what there is': 'name the thing',
}
const WORDS = new RegExp(`\\b(${Object.keys(BANNED).join('|')})\\b`, 'gi')

/** Beginnings of sentences that hide what the sentence is about. */
const OPENING =
  /^(?:What|Who|Those|That of|Of (?:those|these)|Which|So (?:is|are|has|have|do|does|must|that))\b/

/** Beginnings that are no verb, where an option or a command is described. */
const NO_VERB = /^(?:how|what|where|which|who|whether|that|the|an?)\b/i

const MOST_WORDS = 30

const PROSE = [
  '*.md',
  'man',
  ...['src', 'native', 'bench', 'scripts', 'test'].flatMap((folder) =>
    ['ts', 'js', 'c', 'h'].map((extension) => `${folder}/*.${extension}`),
  ),
]

/** Each breach of a rule in a text, which may be several paragraphs. */
function breachesIn(text) {
  const sentences = text
    .replace(/`[^`]*`/g, 'X')
    .split(/\n\s*\n|\n\s*(?=[-*] |\d+\. )|@\w+/)
    .flatMap((paragraph) =>
      paragraph
        .replace(/\s+/g, ' ')
        .trim()
        .split(/(?<=[.!?:;])\s+/),
    )
  return sentences.flatMap((sentence) => {
    const breaches = [...sentence.matchAll(WORDS)].map(
      ([word]) => `"${word}": ${BANNED[word.toLowerCase()]}`,
    )
    const opening = sentence.endsWith('?') ? null : OPENING.exec(sentence)
    if (opening) breaches.push(`begins with "${opening[0]}", name the subject: ${sentence}`)
    const words = sentence.split(' ').length
    if (words > MOST_WORDS) breaches.push(`${words} words, say it in two sentences: ${sentence}`)
    return breaches
  })
}

const STRINGS = /'((?:\\.|[^'\\\n])*)'|`((?:\\.|[^`\\])*)`|"((?:\\.|[^"\\\n])*)"/g

/** Titles of tests, which name a behaviour. */
const TITLES = /\btest\(\s*(?:'((?:\\.|[^'\\\n])*)'|`((?:\\.|[^`\\])*)`|"((?:\\.|[^"\\\n])*)")/g

/**
 * The texts of a source file, each with its line: comments, in src/ strings for people, and in
 * test/cli/ titles.
 */
function* textsOfCode(source, path) {
  const comments =
    /^[ \t]*\/\*([^]*?)\*\/|(?:^[ \t]*\/\/.*\n)+|(?<=[;{}),] ?)\/\/.*|\/\*\*(.*?)\*\//gm
  for (const match of source.matchAll(comments)) {
    const text = match[0].replace(/^[ \t]*(?:\/\*\*?|\*(?!\/)|\/\/)|\*\/$/gm, '')
    yield { line: lineAt(source, match.index), text }
  }
  const isTest = path.startsWith('test/cli/')
  if (!isTest && !path.startsWith('src/')) return
  const code = source.replace(comments, (comment) => comment.replace(/[^\n]/g, ' '))
  for (const match of code.matchAll(isTest ? TITLES : STRINGS)) {
    const text = (match[1] ?? match[2] ?? match[3]).replace(/\$\{[^}]*\}/g, 'X')
    // Scripts of pages are no prose
    if (!/(?:\S+ ){3}/.test(text) || text.includes('addEventListener(')) continue
    yield { line: lineAt(source, match.index), text: capitalized(text) }
  }
}

/** A message or title with its parts as sentences. */
function capitalized(text) {
  return text.replace(/(^|[:;] )([a-z])/g, (_, before, first) => before + first.toUpperCase())
}

/** The descriptions of options and commands that do not begin with a verb. */
function* nouns(source) {
  const calls = /(?:new Option|\.option)\(\s*'[^']*',\s*'([^']*)'|\.description\('([^']*)'/g
  for (const match of source.matchAll(calls)) {
    const text = match[1] ?? match[2]
    if (NO_VERB.test(text)) {
      yield { line: lineAt(source, match.index), breach: `begins without a verb: ${text}` }
    }
  }
}

/** A page's paragraphs, without its macros, examples, tables, headings and lists of keys. */
function* textsOfPage(source, path) {
  const isManual = /\.[1-8]$/.test(path)
  const blank = (text) => text.replace(/[^\n]/g, '')
  const plain = isManual
    ? source
        .replace(/^\.Bd[^]*?^\.Ed/gm, blank)
        .replace(/^\.Sh (?:SYNOPSIS|SEE ALSO)\n(?:\.(?!Sh).*\n)*/gm, blank)
        .replace(/^\.Va (\S+)(?: , \S+)* ?([.,;:)]*)$/gm, '$1$2')
        .replace(/^\.(?:Pp|It|Sh|Ss|Bl|El|Dl|D1|Nd|Dd|Dt|Os|\\").*$/gm, '')
        .replace(/^\.([A-Z][a-z]) ?/gm, '')
        .replace(/ Ns Pq (\d)/g, '($1)')
        .replace(/ [.,;:](?=$| )/gm, (mark) => mark.trim())
    : source.replace(/```[^]*?```|<!--[^]*?-->/g, blank).replace(/^(?:#|\|).*$/gm, '')
  let line = 1
  for (const part of plain.split(/(\n\s*\n)/)) {
    if (part.trim() !== '') yield { line, text: part }
    line += part.split('\n').length - 1
  }
}

function lineAt(source, index) {
  return source.slice(0, index).split('\n').length
}

function findingsIn(path) {
  const source = readFileSync(path, 'utf8')
  const isCode = /\.(?:ts|js|c|h)$/.test(path)
  const texts = isCode ? textsOfCode(source, path) : textsOfPage(source, path)
  const findings = [...texts].flatMap(({ line, text }) =>
    breachesIn(text).map((breach) => ({ line, breach })),
  )
  if (path.startsWith('src/cli/')) findings.push(...nouns(source))
  return findings.map((finding) => ({ path, ...finding }))
}

const { exceptions, notYet } = JSON.parse(
  readFileSync(new URL('prose.json', import.meta.url), 'utf8'),
)
const given = process.argv.slice(2)
const findings = (given.length > 0 ? given : mendedFiles())
  .flatMap(findingsIn)
  .filter(({ path, breach }) => !exceptions.some((e) => e.file === path && breach.includes(e.text)))
for (const { path, line, breach } of findings) console.log(`${path}:${line}: ${breach}`)
if (findings.length > 0) process.exitCode = 1

function mendedFiles() {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...PROSE]
  const all = new Set(execFileSync('git', list, { encoding: 'utf8' }).split('\0'))
  const isMended = (path) => !notYet.some((start) => path.startsWith(start))
  return [...all].filter((path) => path !== '' && existsSync(path) && isMended(path))
}
