// Only the end of a failed file's output is shown; more would bury the failures
const OUTPUT_LIMIT = 10_000
// A line of a stack that is node's, up to the brace before the error's properties
const RUNNER_FRAME = /\n +at [^\n]*node:(?:internal|async_hooks)[^\n]*?( \{)?(?=\n|$)/g

// Files that fail beside others and pass alone; more fail the run
const UNSTEADY = Number(process.env['BTKIT_TEST_UNSTEADY'] ?? 3)
// Milliseconds between lines of progress, if files have no lines of their own
const PROGRESS = 15_000

/** Prints a run for people: failures at once, and again in full at the end. */
export class Report {
  #all = []
  #unsteady = []
  #start = performance.now()
  #toldAt = this.#start
  #count
  #printsFiles

  /**
   * @param count the number of files
   * @param printsFiles whether each file has a line, with what its tests noted
   */
  constructor(count, printsFiles) {
    this.#count = count
    this.#printsFiles = printsFiles
  }

  add({ source, ...file }, result) {
    this.#all.push({ ...file, source, ...result })
    for (const { title } of result.failed) console.log(`FAILED ${source}: ${title}`)
    if (!this.#printsFiles) {
      this.#tellProgress()
      return
    }
    for (const note of result.notes) console.log(`${source}: ${note}`)
    console.log(`${source}: ${counts([result])} (${result.seconds.toFixed(1)} s)`)
  }

  #tellProgress() {
    const now = performance.now()
    if (now - this.#toldAt < PROGRESS) return
    this.#toldAt = now
    const seconds = ((now - this.#start) / 1000).toFixed(0)
    console.log(`${this.#all.length} of ${this.#count} files in ${seconds} s: ${counts(this.#all)}`)
  }

  failedFiles() {
    return this.#all.filter(({ failed }) => failed.length > 0)
  }

  /** Adds a second result of a file that failed. The first is shown even if the second is good. */
  addRepeated(file, result) {
    console.log(`${file.source}, once more and alone: ${counts([result])}`)
    if (result.failed.length > 0) return
    const index = this.#all.findIndex(({ source }) => source === file.source)
    this.#unsteady.push(this.#all[index])
    this.#all[index] = { ...file, ...result }
  }

  /** Calls a function that keeps what each file ran. */
  writeMap(write) {
    write(this.#all)
  }

  /** The seconds that each file took, by its source. */
  seconds() {
    return Object.fromEntries(this.#all.map(({ source, seconds }) => [source, seconds]))
  }

  /** Prints the rest, with `how` all was run, and returns the exit status. */
  end(how) {
    const failed = this.failedFiles()
    if (failed.length > 0) console.log('\nFailures:')
    for (const file of failed) printFailures(file)
    const fails = this.#unsteady.length > UNSTEADY
    if (this.#unsteady.length > 0) console.log('\nFailed beside others and passed alone:')
    for (const file of this.#unsteady) printFailures(file)
    const reasons = new Map()
    for (const reason of this.#all.flatMap(({ skipped }) => skipped))
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    if (reasons.size > 0) console.log('\nSkipped:')
    for (const [reason, count] of reasons) console.log(`  ${count} x ${reason}`)
    const wall = ((performance.now() - this.#start) / 1000).toFixed(0)
    const each = this.#all.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0)
    console.log(`\n${this.#all.length} files in ${wall} s (one after the other ${each}), ${how}`)
    for (const { source, failed: tests } of this.#unsteady)
      for (const { title } of tests) console.log(`unsteady: ${source}: ${title}`)
    if (fails) console.log(`more than ${UNSTEADY} unsteady files fail the run`)
    console.log(counts(this.#all, fails ? this.#unsteady.length : 0))
    const isEmpty = this.#all.every(({ passed, skipped }) => passed + skipped.length === 0)
    return failed.length > 0 || fails || isEmpty ? 1 : 0
  }
}

function counts(results, others = 0) {
  const sum = (numberOf) => results.reduce((total, result) => total + numberOf(result), 0)
  const skipped = sum((result) => result.skipped.length)
  const failed = sum((result) => result.failed.length) + others
  const end = skipped > 0 ? `, ${skipped} skipped` : ''
  return `${sum(({ passed }) => passed)} passed, ${failed} failed${end}`
}

function printFailures({ source, failed, notes, output }) {
  for (const { title, error } of failed) {
    const text = error.replace(RUNNER_FRAME, '$1').replaceAll(`file://${process.cwd()}/`, '')
    console.log(`\n${source}: ${title}\n${indent(text)}`)
  }
  const wrote = [...notes, output.slice(-OUTPUT_LIMIT)].join('\n').trim()
  if (wrote !== '') console.log(`\n${source} wrote:\n${indent(wrote)}`)
}

function indent(text) {
  return text.replace(/^(?=.)/gm, '  ')
}
