import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import type { RouterPlaces } from '../../src/seeding/port-mapping/router.js'
import { listenLocally } from './listen.js'

/** What a played router does; tests change it meanwhile. */
export interface RouterManners {
  /** Its address outside. */
  address: string
  /** Whether it answers nothing. */
  isAway: boolean
  /** Whether it answers searches. */
  upnp: boolean
  /** The port that it gives instead of the wanted one. By UPnP it refuses one that is another. */
  give: (wanted: number) => number
  /** The longest lifetime in seconds. */
  longest: number
  /** The result of each answer by NAT-PMP, and the seconds since it was started. */
  result: number
  epoch: number
  /** The error of UPnP for mappings that end. */
  onlyPermanent: boolean
  /** Changes an answer by NAT-PMP, or that to a search; null sends nothing. */
  spoil: (answer: Buffer) => Buffer | null
  /** Answers instead of the description, or of an action. */
  describe: ((response: ServerResponse) => void) | null
  act: ((response: ServerResponse, action: string) => void) | null
}

/** A router on the loopback address, and what it was asked. */
export interface PlayedRouter {
  readonly manners: RouterManners
  readonly places: RouterPlaces
  /** The mappings, such as `TCP 6881` → `127.0.0.1:6881 for 1200`. */
  readonly mappings: Map<string, string>
  /** Everything that it was asked, in its order. */
  readonly asked: string[]
}

/** Plays a router until the test ends. */
export async function playRouter(
  t: TestContext,
  own: Partial<RouterManners> = {},
): Promise<PlayedRouter> {
  const manners: RouterManners = {
    ...{
      address: '203.0.113.7',
      isAway: false,
      upnp: true,
      give: (wanted) => wanted,
      longest: 86_400,
    },
    ...{ result: 0, epoch: 1000, onlyPermanent: false, spoil: (answer) => answer },
    ...{ describe: null, act: null },
    ...own,
  }
  const router = { manners, mappings: new Map<string, string>(), asked: [] as string[] }
  const natPmpPort = await playNatPmp(t, router)
  const http = await playUpnp(t, router)
  const port = await playSsdp(t, router, `http://127.0.0.1:${http}/description.xml`)
  const places = {
    gateway: () => '127.0.0.1',
    own: () => ['127.0.0.1'],
    natPmpPort,
    ssdp: { group: '127.0.0.1', port },
    isNear: (address: string) => address.startsWith('127.'),
    patience: 4000,
  }
  return { ...router, places }
}

type Router = Omit<PlayedRouter, 'places'>

/** NAT-PMP, by the tables of RFC 6886. */
function playNatPmp(t: TestContext, { manners, mappings, asked }: Router): Promise<number> {
  return listenForPackets(t, (question) => {
    const [, kind = 0] = question
    const protocol = kind === 1 ? 'UDP' : 'TCP'
    if (manners.isAway) return null
    asked.push(kind === 0 ? 'NAT-PMP address' : `NAT-PMP ${protocol} ${question.readUInt32BE(8)}`)
    const head = Buffer.from([0, 128 + kind, 0, manners.result, 0, 0, 0, 0])
    head.writeUInt32BE(manners.epoch, 4)
    if (kind === 0 || manners.result > 0) {
      const address = Buffer.from(manners.address.split('.').map(Number))
      return manners.spoil(Buffer.concat([head, address]))
    }
    const own = question.readUInt16BE(4)
    const outer = manners.give(question.readUInt16BE(6))
    const lifetime = Math.min(manners.longest, question.readUInt32BE(8))
    const client = `127.0.0.1:${own}`
    for (const [key, to] of mappings)
      if (key.startsWith(protocol) && to.startsWith(`${client} `)) mappings.delete(key)
    if (lifetime > 0) mappings.set(`${protocol} ${outer}`, `${client} for ${lifetime}`)
    const rest = Buffer.alloc(8)
    rest.writeUInt16BE(own)
    rest.writeUInt16BE(outer, 2)
    rest.writeUInt32BE(lifetime, 4)
    return manners.spoil(Buffer.concat([head, rest]))
  })
}

/** Answers searches with the address of the description. */
function playSsdp(t: TestContext, { manners, asked }: Router, location: string): Promise<number> {
  return listenForPackets(t, (question) => {
    const [, wanted = ''] = /^ST: (\S+)\r$/m.exec(question.toString()) ?? []
    asked.push(`search ${wanted.split(':').at(-2)}`)
    if (manners.isAway || !manners.upnp || !wanted.includes('WANIPConnection:1')) return null
    const answer = `HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: ${wanted}\r\nUSN: uuid:1::${wanted}\r\nEXT:\r\nLOCATION: ${location}\r\n\r\n`
    return manners.spoil(Buffer.from(answer))
  })
}

/** Where the service of the description takes actions. */
export const CONTROL = '/control'

/** The description, and the actions of one service. */
async function playUpnp(t: TestContext, router: Router): Promise<number> {
  const { manners, asked } = router
  const server = createServer((request, response) => {
    if (manners.isAway) return
    if (request.method === 'GET') {
      asked.push('description')
      if (manners.describe) manners.describe(response)
      else response.end(descriptionOf(CONTROL))
      return
    }
    if (request.url !== CONTROL) {
      response.writeHead(404).end()
      return
    }
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const action = String(request.headers['soapaction']).replace(/^".*#|"$/g, '')
      asked.push(action)
      if (manners.act) manners.act(response, action)
      else answerAction(router, action, body, response)
    })
  })
  return listenLocally(t, server)
}

function answerAction(
  { manners, mappings }: Router,
  action: string,
  body: string,
  response: ServerResponse,
): void {
  const field = (name: string) => new RegExp(`<New${name}>([^<]*)</New${name}>`).exec(body)?.[1]
  const key = `${field('Protocol')} ${field('ExternalPort')}`
  const mayNotEnd = manners.onlyPermanent && field('LeaseDuration') !== '0'
  const wanted = Number(field('ExternalPort'))
  const isTaken = manners.give(wanted) !== wanted
  if (action === 'AddPortMapping' && (isTaken || mayNotEnd)) {
    sendError(response, isTaken ? 718 : 725)
    return
  }
  const client = `${field('InternalClient')}:${field('InternalPort')}`
  if (action === 'AddPortMapping') mappings.set(key, `${client} for ${field('LeaseDuration')}`)
  else if (action === 'DeletePortMapping') mappings.delete(key)
  const address = `<NewExternalIPAddress>${manners.address}</NewExternalIPAddress>`
  sendAnswer(response, action, action === 'GetExternalIPAddress' ? address : '')
}

/** Sends the answer to an action by SOAP. */
export function sendAnswer(response: ServerResponse, action: string, inner: string): void {
  const type = 'urn:schemas-upnp-org:service:WANIPConnection:1'
  response.end(envelope(`<u:${action}Response xmlns:u="${type}">${inner}</u:${action}Response>`))
}

/** Sends an error of UPnP, as its architecture 1.0 has it. */
function sendError(response: ServerResponse, code: number): void {
  const error = `<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>${code}</errorCode><errorDescription>no</errorDescription></UPnPError>`
  const fault = `<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>${error}</detail></s:Fault>`
  response.writeHead(500).end(envelope(fault))
}

function envelope(inner: string): string {
  return `<?xml version="1.0"?>\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>${inner}</s:Body></s:Envelope>`
}

/** The description of a router with one service that maps ports, as routers nest it. */
export function descriptionOf(control: string, base = ''): string {
  const device = (type: string, inner: string) => {
    return `<device><deviceType>urn:schemas-upnp-org:device:${type}:1</deviceType><friendlyName>A &amp; B</friendlyName>${inner}</device>`
  }
  const service = (type: string, url: string) => {
    return `<serviceList><service><serviceType>urn:schemas-upnp-org:service:${type}:1</serviceType><serviceId>urn:upnp-org:serviceId:1</serviceId><controlURL>${url}</controlURL><eventSubURL>/event</eventSubURL><SCPDURL>/scpd.xml</SCPDURL></service></serviceList>`
  }
  const list = (inner: string) => `<deviceList>${inner}</deviceList>`
  const connection = device('WANConnectionDevice', service('WANIPConnection', control))
  const wan = device('WANDevice', service('WANCommonInterfaceConfig', '/common') + list(connection))
  const root = device('InternetGatewayDevice', service('Layer3Forwarding', '/l3f') + list(wan))
  return `<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>${base}${root}</root>`
}

/** Answers packets on a free port until the test ends. Returns the port. */
async function listenForPackets(
  t: TestContext,
  answer: (question: Buffer) => Buffer | null,
): Promise<number> {
  const socket: Socket = createSocket('udp4')
  socket.on('message', (question, from) => {
    const bytes = answer(question)
    if (bytes) socket.send(bytes, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return socket.address().port
}
