/** The most problems of one scan that are reported. The others are only counted. */
const MAX_TOLD = 10

/**
 * Reports the problems of each scan. A problem that persists is reported once. If `isPatient`, only
 * problems that two scans in turn have are reported.
 */
export class ProblemReports {
  readonly #report: (message: string) => void
  readonly #isPatient: boolean
  #told = new Set<string>()
  #before = new Set<string>()
  #now = new Set<string>()

  constructor(report: (message: string) => void, { isPatient = false } = {}) {
    this.#report = report
    this.#isPatient = isPatient
  }

  /** Records a problem of the current scan. */
  add(problem: string): void {
    this.#now.add(problem)
  }

  /** Ends a scan: reports the problems that were not reported after the previous scan. */
  tell(): void {
    const real = [...this.#now].filter((problem) => !this.#isPatient || this.#before.has(problem))
    const news = real.filter((problem) => !this.#told.has(problem))
    for (const problem of news.slice(0, MAX_TOLD)) this.#report(problem)
    if (news.length > MAX_TOLD) this.#report(`${news.length - MAX_TOLD} more such problems`)
    this.#told = new Set(real)
    this.#before = this.#now
    this.#now = new Set()
  }
}
