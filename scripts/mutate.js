// Makes random faults in the compiled program, one after the other, and says which the tests that
// touch them find. Run `npm run check` first, which writes the map of these tests, and change
// nothing meanwhile: the faults are made in dist/, also in the executables that tests run.
//
//   node scripts/mutate.js [--seed N] [--each N] [--in ROOM] [--list] [--all]
//                          [--except core-2,disk-1]
//
// In each room of src/, a line is drawn, then a kind of fault that it can have, then a place. What
// the compiler refuses is drawn again. --list only prints the faults: who reads them names those
// that nobody could notice with --except, and others are drawn in their place. With --all, all
// tests try a fault that the first ones do not find.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { parseArgs } from 'node:util'
import ts from 'typescript'
import { faultsOf } from './test/faults.js'

const ROOMS = ['core', 'disk', 'metainfo', 'cli', 'mirror', 'tracker', 'seeding', 'server']
/** Seconds for the tests of a fault; one that makes them hang is found. */
const LIMIT = { touching: 300, all: 1200 }
/** Seconds without a word of a test, of which none is silent for so long by itself. */
const SILENCE = '100'

const options = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    each: { type: 'string', default: '6' },
    in: { type: 'string' },
    list: { type: 'boolean', default: false },
    except: { type: 'string', default: '' },
    all: { type: 'boolean', default: false },
  },
}).values
const random = generator(Number(options.seed))
const left = new Set(options.except.split(','))
const original = { path: '', text: '' }
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
process.once('exit', restore)

const service = openService()
const results = []
for (const room of options.in ? [options.in] : ROOMS) {
  for (let number = 1, kept = 0; kept < Number(options.each); number++) {
    const fault = drawFault(room)
    const id = `${room}-${number}`
    if (left.has(id)) continue
    kept++
    const place = `${fault.path}:${fault.line}`
    const what = `${fault.kind}: ${clip(fault.before)} -> ${clip(fault.after)}`
    if (options.list) console.log(`${id} ${place}: ${what}`)
    else {
      const by = tryFault(fault)
      results.push({ room, kind: fault.kind, by })
      console.log(`${id} ${by === null ? 'LIVES' : `found by ${by}`} ${place}: ${what}`)
    }
  }
}
if (!options.list) for (const group of ['room', 'kind']) printTable(group)

/** A program whose files can be replaced by others, so that the compiler judges a fault. */
function openService() {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile)
  const { fileNames, options: rules } = ts.parseJsonConfigFileContent(config, ts.sys, '.')
  const changed = new Map()
  const texts = new Map()
  const textOf = (path) => {
    if (!texts.has(path)) texts.set(path, ts.sys.readFile(path))
    return changed.get(path)?.text ?? texts.get(path)
  }
  const host = {
    getCompilationSettings: () => rules,
    getScriptFileNames: () => fileNames.filter((path) => !path.includes(`${sep}test${sep}`)),
    getScriptVersion: (path) => String(changed.get(path)?.version ?? 0),
    getScriptSnapshot: (path) => {
      const text = textOf(path)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => process.cwd(),
    getDefaultLibFileName: (wanted) => ts.getDefaultLibFilePath(wanted),
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  }
  const compiler = ts.createLanguageService(host)
  let version = 0
  return {
    program: () => compiler.getProgram(),
    /** What the compiler makes of another text of a file; null if it refuses that. */
    compile: (path, text) => {
      changed.set(path, { text, version: ++version })
      const errors = [
        ...compiler.getSyntacticDiagnostics(path),
        ...compiler.getSemanticDiagnostics(path),
      ]
      const [out] = errors.length > 0 ? [] : compiler.getEmitOutput(path).outputFiles
      changed.set(path, { text: texts.get(path), version: ++version })
      return out?.text ?? null
    },
  }
}

/** Draws a fault of a room that the compiler accepts, with what it makes of the file. */
function drawFault(room) {
  for (;;) {
    const files = service
      .program()
      .getSourceFiles()
      .filter(({ fileName }) => relative('.', fileName).startsWith(join('src', room) + sep))
    const lines = files.flatMap((file) => {
      return file.getLineStarts().map((_, line) => ({ file, line }))
    })
    const { file, line } = pick(lines)
    const found = faultsOf(file, service.program().getTypeChecker(), pick)
    const here = found.filter((each) => each.line === line + 1)
    if (here.length === 0) continue
    const kind = pick([...new Set(here.map((each) => each.kind))])
    const fault = pick(here.filter((each) => each.kind === kind))
    const { text, fileName } = file
    const compiled = service.compile(
      fileName,
      text.slice(0, fault.start) + fault.after + text.slice(fault.end),
    )
    if (compiled !== null) return { ...fault, path: relative('.', fileName), compiled }
  }
}

/** Runs the tests of a fault. Returns which find it, or null. */
function tryFault({ path, line, compiled }) {
  const target = join('dist', path.replace(/\.ts$/, '.js'))
  Object.assign(original, { path: target, text: readFileSync(target, 'utf8') })
  writeFileSync(target, compiled)
  const isFoundBy = (args, seconds) => {
    const first = ['--first', '--test-limit', SILENCE]
    return !succeeds('scripts/test.js', [...first, ...args], seconds)
  }
  const isNear = !bundle() || isFoundBy(['--touching', `${path}:${line}`], LIMIT.touching)
  const isFar = !isNear && options.all && isFoundBy([], LIMIT.all)
  writeFileSync(target, original.text)
  return isNear ? 'touching' : isFar ? 'all' : null
}

/** Joins the compiled program anew; false if that fails. */
function bundle() {
  return ['scripts/bundle.js', 'scripts/configuration-schema.js'].every((path) => succeeds(path))
}

function succeeds(script, args = [], seconds = 60) {
  const command = [script, ...args]
  const { status, signal } = spawnSync(process.execPath, command, { timeout: seconds * 1000 })
  // No handler runs before all faults were tried
  if (status === 130 || signal === 'SIGINT') process.exit(130)
  return status === 0
}

/** Puts the program back as it was. */
function restore() {
  if (original.path === '') return
  writeFileSync(original.path, original.text)
  bundle()
}

function printTable(group) {
  const groups = new Map()
  for (const result of results) {
    const name = result[group]
    groups.set(name, [...(groups.get(name) ?? []), result])
  }
  for (const [name, some] of [...groups, ['all', results]]) {
    const near = some.filter(({ by }) => by === 'touching').length
    const far = some.filter(({ by }) => by === 'all').length
    console.log(
      `${name}: ${near} of ${some.length}${options.all ? `, with all ${near + far}` : ''}`,
    )
  }
}

function clip(text) {
  return text.replaceAll(/\s+/g, ' ').slice(0, 80)
}

function pick(list) {
  return list[Math.floor(random() * list.length)]
}

/** Mulberry32: the same faults for a seed. */
function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
