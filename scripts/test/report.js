import { dirname } from 'node:path'

// Only the end of a failed file's output is shown; more would bury the failures
const OUTPUT_LIMIT = 10_000

// A line of a stack that is node's, up to the brace before the error's properties
const RUNNER_FRAME = /\n +at [^\n]*node:(?:internal|async_hooks)[^\n]*?( \{)?(?=\n|$)/g

/**
 * Prints a run for people. Each finished directory has a line; on a terminal, each file has one.
 * Failures are named at once, and repeated in full at the end.
 */
export class Report {
  #all = []
  #unsteady = []
  #groups = new Map()
  #start = performance.now()

  constructor(files, { isLong, isTerminal, mayBeUnsteady }) {
    this.isLong = isLong
    this.mayBeUnsteady = mayBeUnsteady
    this.groupOf = ({ source }) => (isTerminal || isLong ? source : dirname(source))
    for (const file of files) this.#group(file).waiting++
  }

  add(file, result) {
    this.#all.push({ file, ...result })
    for (const { title } of result.failed) console.log(`FAILED ${file.source}: ${title}`)
    if (this.isLong) for (const note of result.notes) console.log(`${file.source}: ${note}`)
    const group = this.#group(file)
    group.results.push(result)
    group.waiting--
    if (group.waiting === 0) console.log(lineOf(this.groupOf(file), group.results))
  }

  failedFiles() {
    return this.#all.filter(({ failed }) => failed.length > 0).map(({ file }) => file)
  }

  /**
   * Adds a second result of a file that failed. The first is reported even if the second is good.
   */
  addRepeated(file, result) {
    console.log(`${file.source}, once more and alone: ${counts(sum([result]))}`)
    if (result.failed.length > 0) return
    const index = this.#all.findIndex((done) => done.file === file)
    this.#unsteady.push(this.#all[index])
    this.#all[index] = { file, ...result }
  }

  /** The seconds that each file took, by its source. */
  seconds() {
    return Object.fromEntries(this.#all.map(({ file, seconds }) => [file.source, seconds]))
  }

  /** Tells the rest, with `how` all was run, and returns the exit status. */
  end(how) {
    const unlisted = this.#unsteady.filter(({ file }) => !this.mayBeUnsteady(file)).length
    const total = sum(this.#all)
    if (total.failed > 0) console.log('\nFailures:')
    for (const done of this.#all) if (done.failed.length > 0) printFailures(done)
    const cost = unlisted > 0 ? ', which fails the run' : ''
    if (this.#unsteady.length > 0) {
      console.log(`\nFailed beside others and passed alone, to be mended${cost}:`)
    }
    for (const done of this.#unsteady) printFailures(done)
    printSkipped(this.#all.flatMap((done) => done.skipped))
    const wall = ((performance.now() - this.#start) / 1000).toFixed(0)
    const files = `${this.#all.length} file${this.#all.length === 1 ? '' : 's'}`
    const unsteady = this.#unsteady.length > 0 ? `, ${this.#unsteady.length} unsteady` : ''
    const each = total.seconds.toFixed(0)
    console.log(`\n${files} in ${wall} s (one after the other ${each}), ${how}${unsteady}`)
    const failed = total.failed + unlisted
    console.log(counts({ ...total, failed }))
    return failed > 0 || total.passed + total.skipped === 0 ? 1 : 0
  }

  #group(file) {
    const name = this.groupOf(file)
    const group = this.#groups.get(name) ?? { waiting: 0, results: [] }
    this.#groups.set(name, group)
    return group
  }
}

/** Numbers where results have lists. */
function sum(results) {
  const total = { passed: 0, failed: 0, skipped: 0, seconds: 0 }
  for (const result of results) {
    total.passed += result.passed
    total.failed += result.failed.length
    total.skipped += result.skipped.length
    total.seconds += result.seconds
  }
  return total
}

function lineOf(name, results) {
  const total = sum(results)
  return `${name}: ${counts(total)} (${total.seconds.toFixed(1)} s)`
}

function counts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function printFailures({ file, failed, notes, output }) {
  for (const { title, error } of failed) {
    console.log(`\n${file.source}: ${title}`)
    console.log(indent(describe(error)))
  }
  const said = [...notes, output.slice(-OUTPUT_LIMIT)].join('\n').trim()
  if (said !== '') console.log(`\n${file.source} wrote:\n${indent(said)}`)
}

function describe(error) {
  return error.replace(RUNNER_FRAME, '$1').replaceAll(`file://${process.cwd()}/`, '')
}

function indent(text) {
  return text.replace(/^(?=.)/gm, '  ')
}

function printSkipped(reasons) {
  const times = new Map()
  for (const reason of reasons) times.set(reason, (times.get(reason) ?? 0) + 1)
  if (times.size > 0) console.log('\nSkipped:')
  for (const [reason, count] of times) console.log(`  ${count} x ${reason}`)
}
