// Runs the compiled tests and reports failures. Build first, or say --build: without paths it
// builds all, and for these what they need. A file that fails beside others runs once more alone.
// If it then passes, it is reported as unsteady; more than three fail the run.
//
//   node scripts/test.js [--build] [--long] [--name PATTERN] [--jobs N] [--node PATH] [--seed N]
//                        [--test-limit SECONDS] [--except PART] [--map] [--first]
//                        [PART OF A PATH ...]
//   node scripts/test.js --touching [FILE OF src/[:LINE] ...]
//
// --touching takes the test files that run these files, those that run little else first, as many
// as take a minute; without names, those that run what differs from the last commit. It knows them
// by a map, which --map writes: the whole run of `npm run check`. --first begins nothing after a
// file has failed.
import { randomInt } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, freemem } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { buildFor } from './test/build.js'
import { Report } from './test/report.js'
import { runGroup } from './test/run-group.js'

const TIMES = 'node_modules/.cache/btkit-tests'
// The time of a test file that was never run, by its size
const SECONDS_A_BYTE = 1 / 5000
// If more files fail, something is broken, and none is run again
const REPEATED = 10
// Few enough that a crash or a slow folder delays little
const FILES_A_PROCESS = 32
// With --first, whose processes still end the files that they have
const FILES_WITH_FIRST = 3
// The mark of a file that changes its process (umask, limits), or that another file may disturb
const OWN_PROCESS = /^\/\/ In a process of its own: /m
// A file system in memory, and the bytes that must be free there and in memory
const MEMORY = '/dev/shm'
const MEMORY_NEEDED = 6 * 2 ** 30
// Seconds that a developer waits for tests
const MINUTE = 45
// Declares a test that only --long runs, by test/support/long.ts
const LONG_TEST = /\b(longTest|quickFirst)\b/

try {
  process.exitCode = await main(readArguments())
} catch (error) {
  console.error(error.message)
  process.exitCode = 2
}

async function main({ parts, except, long: isLong, build: isBuild, ...options }) {
  if (options.map) process.env['BTKIT_TEST_MAP'] = '1'
  const timesFile = join(TIMES, isLong ? 'long-times.json' : 'times.json')
  const times = readTimes(timesFile)
  const secondsOf = ({ source }) => times[source] ?? statSync(source).size * SECONDS_A_BYTE
  const files = options.touching
    ? await findTouching(parts, secondsOf)
    : findTests(isLong, parts, except)
  const sources = files.map(({ source }) => source)
  const built = isBuild ? buildFor(sources, parts.length === 0) : 0
  if (built !== 0) return built
  const missing = files.find(({ compiled }) => !existsSync(compiled))
  if (missing) throw new Error(`${missing.source}: not compiled; run npm run build first`)
  const report = new Report(files.length, isLong || process.stdout.isTTY)
  // Tests of random input take it from here, so that a failure can be repeated
  process.env['BTKIT_TEST_SEED'] = options.seed
  process.env['BTKIT_TEST_LONG'] = isLong ? '1' : '0'
  if (!isLong) useMemory()
  const groups = groupTests(files, options.first ? FILES_WITH_FIRST : FILES_A_PROCESS)
  const seconds = (group) => group.reduce((sum, file) => sum + secondsOf(file), 0)
  if (!options.first) groups.sort((a, b) => seconds(b) - seconds(a))
  const isOver = () => groups.length === 0 || (options.first && report.failedFiles().length > 0)
  const work = async () => {
    while (!isOver()) await runGroup(groups.shift(), options, (...done) => report.add(...done))
  }
  const jobs = options.jobs ?? jobsHere()
  do {
    await Promise.all(Array.from({ length: jobs }, work))
    // A second run of hundreds of kills would take the time of the others
    const failed = isLong ? [] : report.failedFiles()
    for (const file of failed.length > REPEATED ? [] : failed) {
      await runGroup([file], options, (...done) => report.addRepeated(...done))
    }
  } while (!isOver())
  if (options.map && parts.length === 0) report.writeMap((await touching()).writeMap)
  if (options.name.length === 0) keepTimes(timesFile, { ...times, ...report.seconds() })
  return report.end(`seed ${options.seed}`)
}

/** Two more than cores: tests wait for programs and timers for half of their time. */
function jobsHere() {
  return availableParallelism() + 2
}

/**
 * Makes quick tests write to memory if there is plenty, because they wait for a disk's syncs
 * otherwise. Long tests write to the disk, or wherever TMPDIR says, as these do then.
 */
function useMemory() {
  if (process.env['TMPDIR'] !== undefined || !existsSync(MEMORY)) return
  const { bavail, bsize } = statfsSync(MEMORY)
  if (Math.min(bavail * bsize, freemem()) < MEMORY_NEEDED) return
  const directory = mkdtempSync(join(MEMORY, 'btkit-tests-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => process.exit(130))
  // As /tmp: some tests run programs as other users
  chmodSync(directory, 0o1777)
  process.env['TMPDIR'] = directory
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      build: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      map: { type: 'boolean', default: false },
      touching: { type: 'boolean', default: false },
      first: { type: 'boolean', default: false },
      except: { type: 'string' },
      name: { type: 'string', multiple: true, default: [] },
      jobs: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      'test-limit': { type: 'string' },
      seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
    },
  })
  for (const name of ['jobs', 'test-limit', 'seed']) {
    const value = values[name]
    if (value !== undefined && !/^[1-9]\d{0,9}$/.test(value))
      throw new Error(`--${name} ${value}: not a whole number above 0`)
  }
  const seconds = Number(values['test-limit'] ?? (values.long ? 600 : 300))
  const jobs = values.jobs && Number(values.jobs)
  return { ...values, jobs, testLimit: 1000 * seconds, parts: positionals }
}

/**
 * The test files whose path contains one of `parts`, or all. Only files with a source count, since
 * dist keeps those of tests that have moved. Long tests are the files that are called so, and those
 * that declare long tests among others.
 */
function findTests(isLong, parts, except) {
  const isLongFile = (name) =>
    name.endsWith('.long.ts') ||
    (name.endsWith('.test.ts') && LONG_TEST.test(readFileSync(join('test', name), 'utf8')))
  const isFound = isLong ? isLongFile : (name) => name.endsWith('.test.ts')
  const sources = readdirSync('test', { recursive: true }).filter(isFound)
  const files = sources.sort().map((name) => ({
    source: join('test', name),
    compiled: join('dist', 'test', name.replace(/\.ts$/, '.js')),
    isOwn: OWN_PROCESS.test(readFileSync(join('test', name), 'utf8')),
  }))
  const has = ({ source, compiled }, part) =>
    [source, compiled].some((path) => path.includes(part.replaceAll('/', sep)))
  const unknown = parts.find((part) => !files.some((file) => has(file, part)))
  const kind = isLong ? 'long test file' : 'test file'
  if (unknown !== undefined) throw new Error(`no ${kind} has ${unknown} in its path`)
  const isAsked = (file) => parts.length === 0 || parts.some((part) => has(file, part))
  return files.filter((file) => isAsked(file) && !(except && has(file, except)))
}

/** The map of tests. It reads sources with the compiler, which takes long to load. */
function touching() {
  return import('./test/touching.js')
}

/**
 * The tests that run some files, or what differs from the last commit. Of a file that is not in the
 * map, those of its folder and of integration/.
 */
async function findTouching(names, secondsOf) {
  const { changedPlaces, testsTouching } = await touching()
  const all = findTests(false, [])
  const named = names.map((name) => {
    const [path, line] = name.split(':')
    const at = line === undefined ? {} : { from: Number(line), to: Number(line) }
    if (existsSync(path)) return { path, ...at }
    throw new Error(`${path}: not found`)
  })
  const places = named.length > 0 ? named : changedPlaces()
  const isTest = ({ path }) => path.startsWith(`test${sep}`)
  const { found, unknown } = testsTouching(places.filter((place) => !isTest(place)))
  for (const path of unknown) console.log(`${path}: not in the map of npm run check`)
  const folders = unknown.map((path) => `${dirname(path.replace(/^src/, 'test'))}${sep}`)
  if (unknown.length > 0) folders.push(join('test', 'integration', sep))
  const has = (source) =>
    places.some(({ path }) => path === source) || folders.some((each) => source.startsWith(each))
  const first = all.filter(({ source }) => has(source))
  const others = found.flatMap(({ source }) => {
    return has(source) ? [] : all.filter((file) => file.source === source)
  })
  let left = MINUTE * jobsHere()
  const near = others.filter((file) => {
    const fits = secondsOf(file) <= left
    if (fits) left -= secondsOf(file)
    return fits
  })
  const count = first.length + others.length
  if (near.length < others.length)
    console.log(`${count} test files run this; ${first.length + near.length} of them take a minute`)
  if (count === 0) throw new Error('no test file runs what changed')
  return [...first, ...near]
}

/** Groups of at most `limit` files that share a process, of one folder of test/ each. */
function groupTests(files, limit) {
  const groups = []
  const open = new Map()
  for (const file of files) {
    const folder = file.source.split(sep)[1]
    const group = file.isOwn ? undefined : open.get(folder)
    if (group !== undefined && group.length < limit) group.push(file)
    else {
      groups.push([file])
      if (!file.isOwn) open.set(folder, groups.at(-1))
    }
  }
  return groups
}

function readTimes(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}

function keepTimes(path, times) {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, JSON.stringify(times, null, 1))
  } catch {
    // The checkout may belong to somebody else; the next run guesses
  }
}
