/** The most problems of one scan that are reported. The others are only counted. */
const MAX_TOLD = 10

/** Reports the problems of each scan. A problem that persists is reported once. */
export class ProblemReports {
  readonly #report: (message: string) => void
  #before = new Set<string>()
  #now = new Set<string>()

  constructor(report: (message: string) => void) {
    this.#report = report
  }

  /** Records a problem of the current scan. */
  add(problem: string): void {
    this.#now.add(problem)
  }

  /** Ends a scan: reports the problems that the previous scan did not have. */
  tell(): void {
    const news = [...this.#now].filter((problem) => !this.#before.has(problem))
    for (const problem of news.slice(0, MAX_TOLD)) this.#report(problem)
    if (news.length > MAX_TOLD) this.#report(`${news.length - MAX_TOLD} more such problems`)
    this.#before = this.#now
    this.#now = new Set()
  }
}
