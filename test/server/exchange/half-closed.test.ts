import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { unlessInstalled } from '../../support/peers.js'
import { runProgram } from '../../support/executable.js'
import { makeScratch, plantSparse } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { rawRequest, readToEnd, requestText } from '../../mirror/hostile/raw.js'
import { SINGLE } from '../../mirror/hostile/siege.js'
import { until } from '../../support/until.js'

const MIB = 2 ** 20

function serve(t: TestContext, args: readonly string[] = []) {
  const root = makeScratch(t, { 'yum/good.rpm': 'good' })
  plantSparse(root, 'yum/large', 8 * MIB)
  plantSparse(root, 'yum/slow', 1024 * MIB)
  plantSparse(root, 'yum/huge', 64 * 1024 * MIB)
  return serveMirror(t, { root, args: ['--log', 'json', ...args] })
}

/** The bytes that a client gets after sending a request and its end. */
async function askHalfClosed(port: number, request: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const received = readToEnd(socket)
  socket.end(request)
  const text = await received
  socket.destroy()
  return text
}

for (const version of ['1.0', '1.1']) {
  test(`a client of HTTP/${version} that sends its end gets files and torrents all the same`, async (t) => {
    const { port } = await serve(t)
    for (const path of ['/yum/large', `${SINGLE}/yum/good.rpm`, '/nowhere']) {
      const request = requestText(`GET ${path}`).replace('HTTP/1.1', `HTTP/${version}`)
      const whole = await rawRequest(port, request)
      const received = await askHalfClosed(port, request)
      assert.equal(withoutDate(received), withoutDate(whole), path)
    }
  })
}

/** An answer without interim responses and its date. */
function withoutDate(text: string): string {
  return text.replaceAll('HTTP/1.1 100 Continue\r\n\r\n', '').replace(/^Date:.*$/im, '')
}

test('two requests before the end are both answered', async (t) => {
  const { port } = await serve(t)
  const get = 'GET /yum/good.rpm HTTP/1.1\r\nHost: x\r\n\r\n'
  const received = withoutDate(await askHalfClosed(port, get + get))
  assert.equal(received.match(/HTTP\/1\.1 200 OK\r/g)?.length, 2)
})

test('Python ignores the interim responses', unlessInstalled('python3'), async (t) => {
  const { port } = await serve(t)
  const script = `
import http.client, socket
s = socket.create_connection(('127.0.0.1', ${port}))
s.sendall(b'GET ${SINGLE}/yum/slow HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
s.shutdown(socket.SHUT_WR)
response = http.client.HTTPResponse(s)
response.begin()
print(response.status, len(response.read()))`
  const { status, stdout, stderr } = await runProgram('python3', ['-c', script])
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^200 20\d\d\d\n$/)
})

for (const version of ['1.0', '1.1']) {
  test(`a client of HTTP/${version} that left while its torrent was made is noticed`, async (t) => {
    const { port, stderr } = await serve(t)
    const socket = connect(port, '127.0.0.1')
    socket.write(requestText(`GET ${SINGLE}/yum/huge`).replace('HTTP/1.1', `HTTP/${version}`))
    await setTimeout(100)
    socket.destroy()
    await until('logged', () => stderr.text.includes('\n'))
    assert.match(stderr.text, /"status":499,"bytes":0,/)
  })
}

test('a client that sends its end before it has asked gets no answer', async (t) => {
  const { port } = await serve(t)
  assert.equal(await askHalfClosed(port, ''), '')
})
