// Finds the commonest breaches of plain English in documents and manual pages:
// `node scripts/lint/prose.js [FILE...]`, by default in all of the checkout.
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

const MOST_WORDS = 30

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

const findings = filesToRead().flatMap((path) =>
  [...textsOfPage(readFileSync(path, 'utf8'), path)].flatMap(({ line, text }) =>
    breachesIn(text).map((breach) => `${path}:${line}: ${breach}`),
  ),
)
for (const finding of findings) console.log(finding)
if (findings.length > 0) process.exitCode = 1

function filesToRead() {
  const given = process.argv.slice(2)
  if (given.length > 0) return given
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '*.md', 'man']
  const all = new Set(execFileSync('git', list, { encoding: 'utf8' }).split('\0'))
  return [...all].filter((path) => path !== '' && existsSync(path))
}
