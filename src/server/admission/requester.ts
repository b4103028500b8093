import type { FastifyReply } from 'fastify'
import type { MemoryAccount, MemoryPool } from './memory.js'
import type { ClientAddresses } from '../connections/client-address.js'
import { wantsPage } from '../headers/accept.js'
import { NotReady } from '../headers/refusal.js'

/** Milliseconds before a browser gets a progress page instead of a blank one. */
const BLANK_FOR = 1000

/** The settings and the memory that all requesters share. */
export interface Requesters {
  readonly options: {
    readonly clientAddresses: Pick<ClientAddresses, 'keyOf'>
    /** `wait` is in milliseconds. */
    readonly limits: { readonly wait: number }
  }
  readonly memory: MemoryPool
}

/** The client that waits for the answer to a request. */
export class Requester {
  /** Key of the client; null if unknown. */
  readonly client: string | null
  #signal: AbortSignal | null = null
  #memory: MemoryAccount | null = null

  constructor(
    private readonly reply: FastifyReply,
    private readonly all: Requesters,
  ) {
    this.client = all.options.clientAddresses.keyOf(reply.request.raw)
  }

  /** Milliseconds that it waits. */
  get patience(): number {
    const { wait } = this.all.options.limits
    return wantsPage(this.reply.request.raw) ? Math.min(BLANK_FOR, wait) : wait
  }

  /** Calls `act` when the client leaves or has its answer; at once if it already has. */
  onGone(act: () => void): void {
    if (this.reply.raw.closed) act()
    else this.reply.raw.once('close', act)
  }

  /** Aborts, with a Refusal as its reason, when the client leaves. */
  get signal(): AbortSignal {
    if (this.#signal) return this.#signal
    const gone = new AbortController()
    this.onGone(() => {
      gone.abort(new NotReady('the client has gone', 1))
    })
    return (this.#signal = gone.signal)
  }

  /** The account for the memory of its request, until that is answered. */
  get memory(): MemoryAccount {
    if (this.#memory) return this.#memory
    const memory = this.all.memory.open(this.client)
    this.onGone(() => {
      memory.close()
    })
    return (this.#memory = memory)
  }
}
