// Finds in the sources what no other linter does:
//  - two exported types with one name, because a reader who searches for a name must find one;
//  - a doc comment cut off from what it describes by an empty line, because editors then show none;
//  - a literal spread into another one (`...{ a, b }`), by which the formatter keeps a line and a
//    search misses `a:`;
//  - a package of the lockfile without integrity, because nothing would check its bytes;
//  - an import by which the mirror opens files outside `mirror/tree/`, because others may exchange
//    the names below its root for links;
//  - a comment with more than 100 columns, which the formatter leaves as it is.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const EXPORTED = /^export (?:abstract )?(?:interface|type|class|enum) (\w+)/gm
const CUT_OFF = /\*\/\n[ \t]*\n(?=.)/g
const OF_FS = /^import \{([^}]*)\} from 'node:fs(?:\/promises)?'/gm
const OPENS =
  /\b(?:access|createReadStream|glob|lstat|open|opendir|openAsBlob|read|readdir|readFile|readlink|readv|watch)\b/
const OPENERS = /^src\/mirror\/tree\/(?:below-root|open-looked)\.ts$/
const DOC = /\/\*\*(?:(?!\*\/)[^])*$/

const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
const files = execFileSync('git', list, { encoding: 'utf8' })
  .split('\0')
  .filter((path) => /\.(?:ts|js|css)$/.test(path) && existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const sources = files.filter(({ path }) => /^(?:src|test)\/.*\.ts$/.test(path))
const ofSrc = sources.filter(({ path }) => path.startsWith('src/'))
const found = [...twiceNamed(), ...cutOff(), ...packed(), ...unchecked(), ...opened(), ...tooWide()]
for (const each of found) console.log(each)
process.exitCode = found.length > 0 ? 1 : 0

function twiceNamed() {
  const places = new Map()
  for (const { path, text } of ofSrc)
    for (const [, name] of text.matchAll(EXPORTED))
      places.set(name, [...(places.get(name) ?? []), path])
  return [...places]
    .filter(([, paths]) => paths.length > 1)
    .map(([name, paths]) => `${name}: exported by ${paths.join(' and ')}`)
}

function cutOff() {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(CUT_OFF)]
      .map(({ index }) => text.slice(0, index))
      .filter((before) => DOC.test(before))
      .map((before) => `${path}:${before.split('\n').length}: an empty line follows a doc comment`),
  )
}

function packed() {
  return ofSrc.flatMap(({ path, text }) =>
    [...text.matchAll(/\.\.\.\{/g)].map(({ index }) => {
      const line = text.slice(0, index).split('\n').length
      return `${path}:${line}: a literal is spread; write its properties`
    }),
  )
}

function unchecked() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  return Object.entries(packages)
    .filter(([path, { link, integrity }]) => path !== '' && !link && integrity === undefined)
    .map(([path]) => `package-lock.json: ${path}: has no integrity; install it anew`)
}

function opened() {
  return ofSrc
    .filter(({ path }) => path.startsWith('src/mirror/') && !OPENERS.test(path))
    .filter(({ text }) => [...text.matchAll(OF_FS)].some(([, names]) => OPENS.test(names)))
    .map(({ path }) => `${path}: opens files; src/mirror/tree does`)
}

function tooWide() {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => {
      const isWide = line.length > 100 && /^\s*(?:\/\/|\/?\*)/.test(line)
      const isDirective = line.includes('oxlint-disable')
      return isWide && !isDirective
        ? [`${path}:${i + 1}: a comment with ${line.length} columns`]
        : []
    }),
  )
}
