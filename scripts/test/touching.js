// Which test files run which functions of the program: a map that a whole run with `--map` writes,
// by V8's coverage of each file. A function is known by its name and those around it, so that the
// map stays right while lines move.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

const MAP = 'dist/touching.json'
// The code of a file that is in no function: it runs when the file is loaded, once for many tests
const TOP = ''

/** Writes the map. Each result has the `source` of a test file, and as `ran` what it ran. */
export function writeMap(results) {
  const tests = results.map(({ source }) => source)
  const files = {}
  for (const [test, { ran }] of results.entries())
    for (const [path, offsets] of Object.entries(ran)) {
      files[path] ??= new Map()
      for (const offset of offsets)
        files[path].set(offset, [...(files[path].get(offset) ?? []), test])
    }
  const named = Object.entries(files).map(([path, byOffset]) => [path, byName(path, byOffset)])
  mkdirSync(dirname(MAP), { recursive: true })
  writeFileSync(MAP, JSON.stringify({ tests, files: Object.fromEntries(named) }))
}

function byName(path, byOffset) {
  const functions = functionsOf(join('dist/src', path))
  const named = {}
  for (const [offset, tests] of byOffset) {
    const name = innermost(functions, offset, offset)
    named[name] = [...new Set([...(named[name] ?? []), ...tests])].sort((a, b) => a - b)
  }
  return named
}

/**
 * The test files that run some places of the program, those first that run little else.
 *
 * @param places paths below src/, each with the first and the last line, or without
 * @returns for each test the source and `isNear`: whether it lies in the folder of such a file; and
 *   the paths of which the map knows nothing
 */
export function testsTouching(places) {
  const { tests, files } = existsSync(MAP)
    ? JSON.parse(readFileSync(MAP, 'utf8'))
    : { tests: [], files: {} }
  const sizes = tests.map(() => 0)
  for (const functions of Object.values(files))
    for (const ran of Object.values(functions)) for (const test of ran) sizes[test]++
  const shares = new Map()
  const unknown = []
  for (const { path, from, to } of places) {
    const known = files[path.replace(/^src\//, '').replace(/\.ts$/, '.js')]
    const ran = known && testsOf(known, from === undefined ? null : namesAt(path, from, to))
    if (!ran || ran.length === 0) unknown.push(path)
    for (const test of ran ?? []) shares.set(test, (shares.get(test) ?? 0) + 1 / sizes[test])
  }
  const folders = places.map(({ path }) => dirname(path.replace(/^src\//, 'test/')))
  const found = [...shares].map(([test, share]) => {
    const source = tests[test]
    return { source, share, isNear: folders.some((folder) => source.startsWith(`${folder}/`)) }
  })
  found.sort((a, b) => Number(b.isNear) - Number(a.isNear) || b.share - a.share)
  return { found, unknown }
}

/** Tests of functions, or of all of the file: null, or if one is unknown or the file itself. */
function testsOf(known, names) {
  const isWhole = names === null || names.some((name) => name === TOP || known[name] === undefined)
  const wanted = isWhole ? Object.keys(known) : names
  // With the file, its first test loads all that it imports
  const inside = wanted.filter((name) => name !== TOP)
  return [...new Set((inside.length > 0 ? inside : wanted).flatMap((name) => known[name]))]
}

/** The names of the functions that have a part in some lines, from 1. */
function namesAt(path, from, to) {
  const functions = functionsOf(path)
  const names = new Set()
  const lines = readFileSync(path, 'utf8').split('\n')
  let offset = 0
  for (const [index, line] of lines.entries()) {
    const start = offset + line.search(/\S|$/)
    offset += line.length + 1
    const isCode = /\S/.test(line) && !/^\s*(\/\/|\/?\*)/.test(line)
    if (index + 1 < from || index >= to || !isCode) continue
    const begun = functions.filter((each) => each.start >= start && each.start < offset)
    if (begun.length === 0) names.add(innermost(functions, start, offset - 2))
    for (const { name } of begun) names.add(name)
  }
  return [...names]
}

/** The name of the innermost function that has all of a range; else of the file. */
function innermost(functions, start, end) {
  let best = null
  for (const each of functions) {
    if (each.start <= start && end < each.end && !(best && each.start < best.start)) best = each
  }
  return best?.name ?? TOP
}

/** The functions of a file: the name of each, after those around it, and where it is. */
function functionsOf(path) {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true)
  const functions = []
  const counts = new Map()
  const visit = (node, around) => {
    let inside = around
    if (ts.isClassLike(node)) inside = `${around}/${nameOf(node)}`
    if (ts.isFunctionLike(node) && node.body) {
      const name = `${around}/${nameOf(node)}`
      const count = counts.get(name) ?? 0
      counts.set(name, count + 1)
      inside = count === 0 ? name : `${name} ${count}`
      functions.push({ name: inside, start: node.getStart(), end: node.getEnd() })
    }
    ts.forEachChild(node, (child) => visit(child, inside))
  }
  visit(file, '')
  return functions
}

function nameOf(node) {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  const named = node.name ?? node.parent.name
  return named && (ts.isIdentifier(named) || ts.isPrivateIdentifier(named)) ? named.text : ''
}

/** What differs from the last commit: places of the program, and test files. */
export function changedPlaces() {
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' })
  const places = []
  let path = ''
  for (const line of git('diff', '-U0', 'HEAD', '--', 'src', 'test').split('\n')) {
    const [, file] = /^\+\+\+ b\/(.+\.ts)$/.exec(line) ?? []
    if (file) path = file
    const [, from, count = '1'] = /^@@ [^+]*\+(\d+)(?:,(\d+))? @@/.exec(line) ?? []
    // After lines that went, those beside them count
    const to = Number(from) + Math.max(1, Number(count)) - 1
    if (from) places.push({ path, from: Number(from), to })
  }
  const added = git('ls-files', '--others', '--exclude-standard', '--', 'src', 'test')
  for (const file of added.split('\n')) if (file.endsWith('.ts')) places.push({ path: file })
  return places
}
