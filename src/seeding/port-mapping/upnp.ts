import { randomInt } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { XmlElement } from '@rgrove/parse-xml'
import { callWithin, type CallLimits } from '../../base/bounded-call.js'
import { readXml } from '../../base/text/read-xml.js'
import { xml } from '../../base/text/xml.js'
import { requestHttp } from '../../core/remote/http-request.js'
import { collectAtMost } from '../../disk/look/read-bounded.js'
import {
  type Mapping,
  type Transport,
  type Router,
  RouterFault,
  type WantedMapping,
} from './router.js'
import type { FoundDevice } from './ssdp.js'

/** Most bytes of an answer: descriptions of large devices have some 20 KiB. */
const MOST_BYTES = 128 * 1024

/** The services that map ports. */
const SERVICE = /^urn:schemas-upnp-org:service:(WANIPConnection:[12]|WANPPPConnection:1)$/

/** Most services of one device that are tried. */
const MOST_SERVICES = 4

/** Errors of AddPortMapping: another machine has the port, and mappings have no end. */
const CONFLICT = 718
const ONLY_PERMANENT = 725

/** Ports that are tried if others have the wanted one, and the first of those (RFC 6335). */
const MOST_PORTS = 4
const FIRST_FREE = 49_152

/** A router that speaks UPnP: one of its services that map ports (UPnP IGD, version 1 or 2). */
export class UpnpRouter implements Router {
  readonly label: string
  /** The outer ports of mappings that it may have made. */
  readonly #asked = new Map<Transport, number>()
  /** Seconds for which mappings are asked for; 0 on routers whose mappings have no end. */
  #lifetime: number | null = null

  constructor(
    private readonly type: string,
    private readonly control: URL,
    private readonly own: string,
    private readonly patience: number,
  ) {
    this.label = `${control.hostname} by UPnP`
  }

  async outerAddress(signal: AbortSignal): Promise<string> {
    const answer = await this.#call('GetExternalIPAddress', {}, signal)
    const address = textOf(answer, 'NewExternalIPAddress')
    if (isIPv4(address)) return address
    throw new RouterFault('it has no address outside')
  }

  async map(wanted: WantedMapping, signal: AbortSignal): Promise<Mapping> {
    let outerPort = wanted.outerPort
    for (let left = MOST_PORTS; ;) {
      const lifetime = this.#lifetime ?? wanted.lifetime
      try {
        await this.#add({ ...wanted, outerPort, lifetime }, signal)
        return { outerPort, lifetime: lifetime || wanted.lifetime }
      } catch (error) {
        if (!(error instanceof RouterFault)) throw error
        // Another machine's mapping must stay
        this.#asked.delete(wanted.transport)
        if (error.code === ONLY_PERMANENT && lifetime !== 0) this.#lifetime = 0
        else if (error.code === CONFLICT && --left > 0) outerPort = randomInt(FIRST_FREE, 65_536)
        else throw error
      }
    }
  }

  async release(signal: AbortSignal): Promise<void> {
    const releases = Array.from(this.#asked, ([transport, outerPort]) => {
      const place = { NewRemoteHost: '', NewExternalPort: outerPort, NewProtocol: transport }
      return this.#call('DeletePortMapping', place, signal)
    })
    await Promise.allSettled(releases)
    this.#asked.clear()
  }

  async #add({ transport, port, outerPort, lifetime }: WantedMapping, signal: AbortSignal) {
    this.#asked.set(transport, outerPort)
    const mapping = {
      NewRemoteHost: '',
      NewExternalPort: outerPort,
      NewProtocol: transport,
      NewInternalPort: port,
      NewInternalClient: this.own,
      NewEnabled: 1,
      NewPortMappingDescription: 'btkit',
      NewLeaseDuration: lifetime,
    }
    await this.#call('AddPortMapping', mapping, signal)
  }

  /** Calls an action by SOAP. Returns its answer. */
  async #call(
    action: string,
    args: Readonly<Record<string, string | number>>,
    signal: AbortSignal,
  ): Promise<XmlElement> {
    const fields = Object.entries(args).map(([name, value]) => [name, xml`${value}`.text] as const)
    const inner = fields.map(([name, value]) => `<${name}>${value}</${name}>`).join('')
    const body = `<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:${action} xmlns:u="${this.type}">${inner}</u:${action}></s:Body></s:Envelope>\r\n`
    const soap = { action: `${this.type}#${action}`, body }
    const limits = { timeoutMs: this.patience, signal }
    const { status, root } = await askXml(this.control, soap, limits)
    if (status === 200 && elementsOf(root, `${action}Response`).length > 0) return root
    const code = /^\d{3}$/.exec(textOf(root, 'errorCode'))?.[0]
    if (code === undefined) throw new RouterFault(`status ${status} to ${action}`)
    throw new RouterFault(`error ${code} to ${action}`, Number(code))
  }
}

/**
 * Reads the description of a device. Returns its services that map ports.
 * @throws RouterFault, or errors of the network
 */
export async function describeDevice(
  { location, own }: FoundDevice,
  limits: Required<CallLimits>,
): Promise<UpnpRouter[]> {
  const { status, root } = await askXml(location, null, limits)
  if (status !== 200) throw new RouterFault(`status ${status} to ${location.href}`)
  const base = controlAddress(textOf(root, 'URLBase'), location) ?? location
  return elementsOf(root, 'service')
    .flatMap((service) => {
      const type = textOf(service, 'serviceType')
      const control = controlAddress(textOf(service, 'controlURL'), base)
      if (!SERVICE.test(type) || control === null) return []
      return [new UpnpRouter(type, control, own, limits.timeoutMs)]
    })
    .slice(0, MOST_SERVICES)
}

/** An address that a device names; null for none, and for that of another machine. */
function controlAddress(text: string, base: URL): URL | null {
  if (text === '' || !URL.canParse(text, base.href)) return null
  const address = new URL(text, base)
  const isOwn = address.protocol === 'http:' && address.hostname === base.hostname
  return isOwn ? address : null
}

/** Asks for XML, by a POST with an action of SOAP. */
async function askXml(
  address: URL,
  soap: { readonly action: string; readonly body: string } | null,
  limits: CallLimits,
): Promise<{ readonly status: number; readonly root: XmlElement }> {
  const headers = {
    // Routers close kept connections without a word
    connection: 'close',
    ...(soap && { 'content-type': 'text/xml; charset="utf-8"', soapaction: `"${soap.action}"` }),
  }
  return callWithin(limits, async (bounded) => {
    const request = { body: soap?.body, headers, signal: bounded, isDirect: true }
    const { status, body, end } = await requestHttp(address.href, request)
    try {
      const bytes = await collectAtMost(body, MOST_BYTES, () => new RouterFault('too long'))
      const root = readXml(bytes.toString())
      if (root === null) throw new RouterFault(`status ${status}, and no XML`)
      return { status, root }
    } finally {
      end()
    }
  })
}

/** The elements of a name at any depth, whatever its prefix is. */
function elementsOf(root: XmlElement, name: string): XmlElement[] {
  const inside = root.children.flatMap((each) => {
    return each instanceof XmlElement ? elementsOf(each, name) : []
  })
  return root.name.replace(/^.*:/, '') === name ? [root, ...inside] : inside
}

/** The text of the first element of a name; empty if there is none. */
function textOf(root: XmlElement, name: string): string {
  return elementsOf(root, name)[0]?.text.trim() ?? ''
}
