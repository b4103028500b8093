/** How many problems of one look are told; more are counted. */
const MAX_TOLD = 10

/** Tells the problems of each look, and none twice in a row. */
export class ProblemReports {
  readonly #report: (message: string) => void
  #before = new Set<string>()
  #now = new Set<string>()

  constructor(report: (message: string) => void) {
    this.#report = report
  }

  /** Notes a problem of the look that is under way. */
  add(problem: string): void {
    this.#now.add(problem)
  }

  /** Tells what the look that is over found and the one before did not. */
  tell(): void {
    const news = [...this.#now].filter((problem) => !this.#before.has(problem))
    for (const problem of news.slice(0, MAX_TOLD)) this.#report(problem)
    if (news.length > MAX_TOLD) this.#report(`${news.length - MAX_TOLD} more such problems`)
    this.#before = this.#now
    this.#now = new Set()
  }
}
