import { isIPv4 } from 'node:net'
import { readFileSync } from 'node:fs'
import { valueOr } from '../../base/errors.js'
import { outerAddresses, Reach, reachOf } from '../../core/remote/address-reach.js'

/** A protocol that has ports. */
export type Transport = 'TCP' | 'UDP'

/** A port that a router is asked to pass on to this machine. */
export interface WantedMapping {
  readonly transport: Transport
  /** The port here. */
  readonly port: number
  /** The port outside that is preferred. */
  readonly outerPort: number
  /** In seconds. */
  readonly lifetime: number
}

/** A port that the router gave. */
export interface Mapping {
  readonly outerPort: number
  /** Seconds until it ends unless it is asked for again. */
  readonly lifetime: number
}

/** A router, by one of the protocols that routers speak. */
export interface Router {
  /** Names it in traces. */
  readonly label: string
  /**
   * Returns its address outside, of IPv4.
   * @throws RouterFault, or errors of the network
   */
  readonly outerAddress: (signal: AbortSignal) => Promise<string>
  /**
   * Makes a mapping, or extends it.
   * @throws RouterFault, or errors of the network
   */
  readonly map: (wanted: WantedMapping, signal: AbortSignal) => Promise<Mapping>
  /** Takes back all mappings that it may have made, as far as it answers. */
  readonly release: (signal: AbortSignal) => Promise<void>
}

/** A router refuses, or its answer is none. */
export class RouterFault extends Error {
  constructor(
    message: string,
    /** The number by which the protocol names the reason; null for an answer that is none. */
    readonly code: number | null = null,
  ) {
    super(message)
  }
}

/** Where routers are asked. */
export interface RouterPlaces {
  /** The default gateway; null if it is unknown. */
  readonly gateway: () => string | null
  /** The addresses of this machine in private networks of IPv4. */
  readonly own: () => readonly string[]
  /** The port of NAT-PMP. */
  readonly natPmpPort: number
  /** Where devices are searched for. */
  readonly ssdp: { readonly group: string; readonly port: number }
  /** Whether an address may be that of a router in front of this machine. */
  readonly isNear: (address: string) => boolean
  /** Milliseconds for an answer: many routers speak one protocol, or none, and say nothing. */
  readonly patience: number
}

/** The places of the system; tests have their own. */
export const routerPlaces: { system: RouterPlaces } = {
  system: {
    gateway: () => defaultGateway(valueOr('', () => readFileSync(ROUTES, 'latin1'))),
    own: ownAddresses,
    natPmpPort: 5351,
    ssdp: { group: '239.255.255.250', port: 1900 },
    isNear,
    patience: 4000,
  },
}

/** The routes of Linux. A service may see no more of /proc than its own directory. */
const ROUTES = '/proc/self/net/route'

/** A route that is in use and leads through a gateway. */
const GATEWAY_IN_USE = 3

/**
 * Returns the gateway of the default route with the lowest metric, by the kernel's table; null if
 * there is none in a private network.
 */
export function defaultGateway(table: string): string | null {
  const gateways = table
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([, to, , flags, , , , mask]) => {
      const isDefault = to === '00000000' && mask === '00000000'
      return isDefault && (Number.parseInt(flags ?? '', 16) & GATEWAY_IN_USE) === GATEWAY_IN_USE
    })
    .toSorted((a, b) => Number(a[6]) - Number(b[6]))
    // The bytes of the address are in the order of the processor
    .map(([, , gateway = '']) => [...Buffer.from(gateway, 'hex').reverse()].join('.'))
  return gateways.find((each) => isIPv4(each) && isNear(each)) ?? null
}

/** The own addresses; none on a machine that has a public one, because peers can call that. */
function ownAddresses(): string[] {
  const all = outerAddresses().filter((each) => isIPv4(each))
  return all.every(isNear) ? all : []
}

function isNear(address: string): boolean {
  return reachOf(address) === Reach.privateNetwork
}
