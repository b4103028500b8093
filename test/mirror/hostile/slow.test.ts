import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { parseAnswers, readToEnd, requestText } from './raw.js'
import { besiege, digestAddress, SINGLE, type Siege } from './siege.js'

const limits = { headerTimeout: 1000, bodyTimeout: 1000 }

const POST =
  `POST ${digestAddress(['/yum/good.rpm'])} HTTP/1.1\r\nHost: mirror.example\r\n` +
  'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\np='

/** Makes sure that the server refused a client with 408, or closed the connection. */
function checkGivenUp({ checkRefused }: Siege, received: string): void {
  for (const answer of parseAnswers(received)) checkRefused(answer, 408)
}

/** Requests that stop in the headers, in the first line or in the body. */
const BEGUN = ['GET /yum/good.rpm HTTP/1.1\r\nHost: mirror.exam', 'GET /yum', POST]

for (const [how, more] of [
  ['never send', ''],
  ['byte by byte send', 'x'],
] as const) {
  test(`closes connections that ${how} the rest of a request`, async (t) => {
    await besiege(t, { limits }, async (siege) => {
      const sockets = BEGUN.map((bytes) => {
        const socket = connect(siege.port, '127.0.0.1')
        socket.write(bytes)
        return socket
      })
      const drip = setInterval(() => {
        for (const socket of sockets) if (socket.writable) socket.write(more)
      }, 100)
      t.after(() => {
        clearInterval(drip)
      })
      for (const received of sockets.map(readToEnd)) checkGivenUp(siege, await received)
    })
  })
}

test('a client that sends on after it was refused gets the whole answer', async (t) => {
  const { port } = await serveMirror(t, { files: { 'yum/good.rpm': 'good' } })
  const rest = Buffer.alloc(48 * 1024)
  const fields = ['Host: mirror.example', `Content-Length: ${16 * rest.length}`]
  const large = ['Host: mirror.example', `Content-Length: ${4 * 2 ** 20}`]
  const form = 'Content-Type: application/x-www-form-urlencoded'
  const first = 'GET /yum/good.rpm HTTP/1.1\r\nHost: mirror.example\r\n\r\n'
  const refused = [
    [405, requestText('POST /yum/good.rpm', fields)],
    [405, requestText('POST /yum/good.rpm', [...fields, form], 'x'.repeat(20_000))],
    // Behind another request
    [200, first + requestText('POST /yum/good.rpm', fields, 'x'.repeat(100_000))],
    // Its next bytes are no request
    [200, first + first],
    [413, requestText(`POST ${digestAddress(['/yum/good.rpm'])}`, [...large, form])],
    [417, requestText('POST /yum/good.rpm', [...fields, 'Expect: more'])],
    [431, `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`],
  ] as const
  for (const [status, head] of refused) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    // Bytes that the server does not read reset the connection
    let fault: Error | null = null
    socket.on('error', (error) => (fault = error))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(head)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), new RegExp(`^HTTP/1.1 ${status} .*\r\n\r\n.`, 's'))
    for (let i = 0; i < 16; i++) await new Promise((resolve) => socket.write(rest, resolve))
    socket.end()
    await closed
    assert.equal(fault, null)
  }
})

test('serves others while many connections are silent', async (t) => {
  const root = makeScratch(t, { 'yum/good.rpm': 'good' })
  const { address, port } = await serveMirror(t, { root, limits: { headerTimeout: 120_000 } })
  const idle = await openIdle(t, port, idleCount())
  const file = await fetch(`${address}/yum/good.rpm`)
  assert.deepEqual([file.status, await file.text()], [200, 'good'])
  const torrent = await fetch(`${address}${SINGLE}/yum/good.rpm`)
  assert.equal(torrent.status, 200)
  assert.equal(idle.filter((socket) => !socket.readable).length, 0, 'none of them was hung up on')
})

/** Almost as many connections as one client may have */
function idleCount(): number {
  if (process.platform === 'win32') return 900
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }))
  return Math.max(10, Math.min(900, Math.floor((limit || 4000) / 4) - 50))
}

async function openIdle(t: TestContext, port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(500, count - sockets.length) }, () => {
      return connect(port, '127.0.0.1').on('error', () => undefined)
    })
    sockets.push(...batch)
    await Promise.all(batch.map((socket) => once(socket, 'connect')))
  }
  return sockets
}
