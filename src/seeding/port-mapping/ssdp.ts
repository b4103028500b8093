import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { RouterPlaces } from './router.js'

/** The targets of a search: the services that map ports, and the device that has them. */
const WANTED = [
  'urn:schemas-upnp-org:device:InternetGatewayDevice:1',
  'urn:schemas-upnp-org:service:WANIPConnection:1',
  'urn:schemas-upnp-org:service:WANIPConnection:2',
  'urn:schemas-upnp-org:service:WANPPPConnection:1',
]

/** Milliseconds until a search is sent again, because packets may be lost. */
const AGAIN = 1000

/** Seconds over which devices may spread their answers. */
const SPREAD = 1

/** The longest answer in bytes, and the most answers that are read: anybody may send any number. */
const LONGEST = 2048
const MOST_ANSWERS = 64

/** Most devices that are asked more, and most own networks in which is searched. */
const MOST_DEVICES = 8
const MOST_NETWORKS = 8

/** A device that answered a search. */
export interface FoundDevice {
  readonly address: string
  /** Where its description is; always at its address. */
  readonly location: URL
  /** This machine's address in its network. */
  readonly own: string
}

/**
 * Searches for routers by SSDP, the search of UPnP. Returns those that answered, the default
 * gateway first; as soon as that answers, no other is waited for.
 */
export async function searchDevices(
  places: RouterPlaces,
  gateway: string | null,
  signal: AbortSignal,
): Promise<FoundDevice[]> {
  const found = new Map<string, FoundDevice>()
  const enough = new AbortController()
  const bounded = AbortSignal.any([signal, enough.signal])
  const searches = places
    .own()
    .slice(0, MOST_NETWORKS)
    .map((own) =>
      searchFrom(own, places, gateway, {
        signal: bounded,
        onFound: (device) => {
          if (found.size < MOST_DEVICES) found.set(device.location.href, device)
          if (device.address === gateway) enough.abort()
        },
      }),
    )
  await Promise.all(searches)
  const isGateway = ({ address }: FoundDevice) => Number(address === gateway)
  return [...found.values()].toSorted((a, b) => isGateway(b) - isGateway(a))
}

/** Searches in the network of an own address. */
async function searchFrom(
  own: string,
  { ssdp, isNear, patience }: RouterPlaces,
  gateway: string | null,
  { signal, onFound }: { signal: AbortSignal; onFound: (device: FoundDevice) => void },
): Promise<void> {
  const socket = createSocket('udp4').unref()
  // A network without multicast has no devices
  socket.on('error', () => undefined)
  let answers = 0
  socket.on('message', (packet, { address }) => {
    if (packet.length > LONGEST || ++answers > MOST_ANSWERS || !isNear(address)) return
    const location = locationIn(packet.toString('latin1'))
    // No device has this machine ask another one
    if (location?.hostname === address) onFound({ address, location, own })
  })
  // To the gateway also directly: a firewall here may know no answers to others
  const receivers = [ssdp.group, ...(gateway === null ? [] : [gateway])]
  try {
    socket.bind(0, own)
    await once(socket, 'listening', { signal })
    socket.setMulticastInterface(own)
    for (let left = patience; left > 0; left -= AGAIN) {
      for (const wanted of WANTED)
        for (const to of receivers)
          socket.send(searchFor(wanted, ssdp), ssdp.port, to, () => undefined)
      await setTimeout(Math.min(AGAIN, left), undefined, { signal })
    }
  } catch {
    // The search is over; or the address has just gone
  } finally {
    socket.close()
  }
}

function searchFor(wanted: string, { group, port }: RouterPlaces['ssdp']): string {
  const head = `M-SEARCH * HTTP/1.1\r\nHOST: ${group}:${port}\r\nMAN: "ssdp:discover"\r\n`
  return `${head}MX: ${SPREAD}\r\nST: ${wanted}\r\n\r\n`
}

/** The address in an answer to a search of here; null if it is none. */
function locationIn(answer: string): URL | null {
  if (!/^HTTP\/1\.[01] 200\b/.test(answer)) return null
  const [, wanted = ''] = /^ST: *(\S+)\s*$/im.exec(answer) ?? []
  const [, location = ''] = /^LOCATION: *(http:\S+)\s*$/im.exec(answer) ?? []
  return WANTED.includes(wanted) && URL.canParse(location) ? new URL(location) : null
}
