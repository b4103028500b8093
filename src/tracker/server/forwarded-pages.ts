import { lineAnswer, type PageAnswer } from '../page/page-answer.js'
import type { PageRequest } from '../page/pages.js'

/** Milliseconds that the thread which has the pages may take for one. */
const PATIENCE = 30_000

/** Pages that are asked for from another thread. Each request has an answer, in time. */
export class ForwardedPages {
  readonly #ask: (id: number, request: PageRequest) => void
  readonly #patience: number
  readonly #awaited = new Map<number, (answer: PageAnswer) => void>()
  #asked = 0

  /** `ask` passes requests on; answers to them are to be given to `hear`. */
  constructor(ask: (id: number, request: PageRequest) => void, patience = PATIENCE) {
    this.#ask = ask
    this.#patience = patience
  }

  readonly answer = (request: PageRequest): Promise<PageAnswer> => {
    const id = ++this.#asked
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.hear(id, tooLate())
      }, this.#patience)
      this.#awaited.set(id, (answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      this.#ask(id, request)
    })
  }

  /** Takes the answer to a request; one that is answered already stays as it is. */
  hear(id: number, answer: PageAnswer): void {
    this.#awaited.get(id)?.(answer)
    this.#awaited.delete(id)
  }
}

function tooLate(): PageAnswer {
  const { status, headers, body } = lineAnswer(503, 'the tracker is busy: come again')
  return { status, headers: { ...headers, 'Retry-After': '5', Connection: 'close' }, body }
}
