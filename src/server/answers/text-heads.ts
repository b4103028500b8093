/** Heads of short answers on connections that are kept, as Node renders them. */
export class TextHeads {
  readonly #fields: string
  readonly #keepAliveSeconds: number
  readonly #now: () => number
  #second = NaN
  #rest = ''

  /** `fields` are lines of a header; `now` tells milliseconds since 1970. */
  constructor(parts: {
    readonly fields: readonly string[]
    readonly keepAliveSeconds: number
    readonly now: () => number
  }) {
    this.#fields = parts.fields.join('\r\n')
    this.#keepAliveSeconds = parts.keepAliveSeconds
    this.#now = parts.now
  }

  /** The head of an answer of status 200 with so many bytes. */
  of(length: number): string {
    const second = Math.floor(this.#now() / 1000)
    if (second !== this.#second) this.#renderRest(second)
    return `HTTP/1.1 200 OK\r\nContent-Length: ${length}${this.#rest}`
  }

  /** What is the same for all answers within a second. */
  #renderRest(second: number): void {
    this.#second = second
    const date = new Date(1000 * second).toUTCString()
    const kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#keepAliveSeconds}`
    this.#rest = `\r\n${this.#fields}\r\nDate: ${date}\r\n${kept}\r\n\r\n`
  }
}
