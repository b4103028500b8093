import { callWithin } from '../../base/bounded-call.js'
import { trace } from '../../base/text/trace.js'
import { Reach, reachOf } from '../../core/remote/address-reach.js'
import { NatPmpRouter } from './nat-pmp.js'
import {
  type Mapping,
  type Transport,
  type Router,
  RouterFault,
  type RouterPlaces,
} from './router.js'
import { searchDevices } from './ssdp.js'
import { describeDevice } from './upnp.js'

/**
 * Seconds for which mappings are asked for. They are renewed after half of them, so that a router
 * that was restarted has them again ten minutes later, and forgets those of a seed that was killed.
 */
const LIFETIME = 20 * 60

/** Fewest milliseconds until mappings are renewed, whatever lifetime a router gives. */
const SHORTEST = 20_000

/** Milliseconds until routers are searched for again. */
const AGAIN = 5 * 60_000

/** Milliseconds for which the end of the program waits for the router. */
const RELEASE = 1000

/** Where the router has this machine reached. */
export interface OuterPlace {
  readonly address: string
  readonly port: number
}

/** The same, for so many seconds. */
type Mapped = OuterPlace & Pick<Mapping, 'lifetime'>

export interface PortMapperOptions {
  /** The port here of each protocol. */
  readonly ports: ReadonlyMap<Transport, number>
  readonly places: RouterPlaces
  readonly monotonic: () => number
  /** Receives the place of TCP when it is known, and when it is another one. */
  readonly onMapped: (place: OuterPlace) => void
}

/**
 * Asks the router in front of this machine to pass on connections to ports here. `look` continues
 * when it is time. Nothing waits for it, and no fault of a router is an error.
 */
export class PortMapper {
  readonly #ending = new AbortController()
  /** The one that was asked last: it may have made mappings. */
  #router: Router | null = null
  /** The ports outside that it gave last. */
  readonly #given = new Map<Transport, number>()
  #outer: OuterPlace | null = null
  #dueAt = -Infinity
  #turn: Promise<void> | null = null

  constructor(private readonly options: PortMapperOptions) {}

  /**
   * Asks, renews, or searches again, if it is time. Call it every second. Resolves when what was
   * begun is over, which nothing needs to wait for.
   */
  async look(): Promise<void> {
    const isDue = !this.#ending.signal.aborted && this.options.monotonic() >= this.#dueAt
    if (!this.#turn && isDue) {
      this.#turn = this.#ask().finally(() => {
        this.#turn = null
      })
    }
    await this.#turn
  }

  /** Takes the mappings back, as far as the router answers within a second. */
  async close(): Promise<void> {
    this.#ending.abort()
    const release = async (signal: AbortSignal) => {
      await this.#turn
      await this.#router?.release(signal)
    }
    // A mapping that is left ends by itself
    await callWithin({ timeoutMs: RELEASE }, release).catch(() => undefined)
  }

  async #ask(): Promise<void> {
    const known = this.#router && (await this.#mapAt(this.#router))
    const mapped = known ?? (await this.#findRouter())
    const wait = mapped ? Math.max(SHORTEST, mapped.lifetime * 500) : AGAIN
    this.#dueAt = this.options.monotonic() + wait
    if (mapped === null || this.#ending.signal.aborted) return
    const { address, port } = mapped
    const isNew = address !== this.#outer?.address || port !== this.#outer.port
    this.#outer = { address, port }
    if (isNew) this.options.onMapped(this.#outer)
  }

  /** Asks all routers in turn. Returns what the first one gives; null if none gives a port. */
  async #findRouter(): Promise<Mapped | null> {
    const { places } = this.options
    if (places.own().length === 0) return null
    const gateway = places.gateway()
    for await (const router of routersAt(places, gateway, this.#ending.signal)) {
      const mapped = await this.#mapAt(router)
      if (mapped) return mapped
    }
    return null
  }

  /** Returns what a router gives; null if it gives nothing. */
  async #mapAt(router: Router): Promise<Mapped | null> {
    const { signal } = this.#ending
    if (signal.aborted) return null
    this.#router = router
    try {
      const address = await router.outerAddress(signal)
      if (reachOf(address) < Reach.privateNetwork)
        throw new RouterFault(`it has ${address} outside`)
      const { outerPort: port, lifetime } = await this.#map(router, 'TCP')
      const others = [...this.options.ports.keys()].filter((each) => each !== 'TCP')
      for (const other of others) {
        // Peers come over TCP: the DHT works without
        const given = await this.#map(router, other).catch(() => null)
        trace(() => `${router.label}: ${other} ${given ? `port ${given.outerPort}` : 'is refused'}`)
      }
      trace(() => `${router.label}: TCP port ${port} of ${address} for ${lifetime} seconds`)
      return { address, port, lifetime }
    } catch (error) {
      trace(() => `${router.label}: no port: ${String(error)}`)
      // It may still make the mapping when the program ends
      if (!this.#ending.signal.aborted) this.#router = null
      return null
    }
  }

  async #map(router: Router, transport: Transport): Promise<Mapping> {
    const port = this.options.ports.get(transport) ?? 0
    const outerPort = this.#given.get(transport) ?? this.#given.get('TCP') ?? port
    const wanted = { transport, port, outerPort, lifetime: LIFETIME }
    const mapping = await router.map(wanted, this.#ending.signal)
    this.#given.set(transport, mapping.outerPort)
    return mapping
  }
}

/** The routers in front of this machine, as they are found. */
async function* routersAt(
  places: RouterPlaces,
  gateway: string | null,
  signal: AbortSignal,
): AsyncGenerator<Router> {
  const limits = { timeoutMs: places.patience, signal }
  if (gateway !== null) yield new NatPmpRouter(gateway, places)
  for (const device of await searchDevices(places, gateway, signal)) {
    const fail = (error: unknown): [] => {
      trace(() => `${device.location.href}: no router: ${String(error)}`)
      return []
    }
    yield* await describeDevice(device, limits).catch(fail)
  }
}
