import { Reach, reachOf } from '../../core/remote/address-reach.js'
import type { SeedService } from '../../seeding/peer/service.js'
import { PortMapper } from '../../seeding/port-mapping/port-mapper.js'
import { type Transport, routerPlaces } from '../../seeding/port-mapping/router.js'
import type { Io } from '../io.js'
import type { Report } from '../output/report.js'

/** Milliseconds in which peers have connected if they can. */
const PATIENCE = 10 * 60_000

/** Milliseconds between looks. */
const LOOK = 1000

/** A seed, as far as it knows of peers outside and takes its port there. */
type ReachedService = Pick<SeedService, 'port' | 'udp' | 'outside' | 'status' | 'mapPort'>

/**
 * Asks the router in front of this machine for the port of a seed, for that of its DHT, too, if
 * `dht` is set. Says once how peers in the internet reach the seed, or what to do if they do not.
 * Returns a function that gives the port back.
 */
export function keepReachable(
  service: ReachedService,
  dht: boolean,
  { monotonic, note, alert }: Pick<Io, 'monotonic'> & Pick<Report, 'note' | 'alert'>,
): () => Promise<void> {
  const places = routerPlaces.system
  const { port } = service
  const transports: Transport[] = dht && service.udp ? ['TCP', 'UDP'] : ['TCP']
  const since = monotonic()
  let isSaid = false
  const mapper = new PortMapper({
    ports: new Map(transports.map((transport) => [transport, port])),
    places,
    monotonic,
    onMapped: (outer) => {
      isSaid = true
      service.mapPort(outer.port)
      if (reachOf(outer.address) === Reach.all)
        note(`reachable from outside at ${outer.address}:${outer.port}`)
      else alert(`${NOT_REACHED}: the address of the router, ${outer.address}, ${NOT_PUBLIC}`)
    },
  })
  const look = () => {
    void mapper.look()
    if (isSaid || monotonic() - since < PATIENCE) return
    const { hasConnected, isNamed } = service.outside
    if (!isNamed || hasConnected || service.status.peers > 0) return
    isSaid = true
    if (places.own().length === 0) return
    alert(`${NOBODY}; forward port ${port} (${transports.join(' and ')}) to this machine there`)
  }
  look()
  const timer = setInterval(look, LOOK).unref()
  return () => {
    clearInterval(timer)
    return mapper.close()
  }
}

const NOT_REACHED = 'not reachable from outside over IPv4'

const NOT_PUBLIC = 'is not public; see BEHIND A ROUTER in btkit-seed(1)'

const NOBODY = 'no peer has connected from outside in ten minutes, and the router gives no port'
