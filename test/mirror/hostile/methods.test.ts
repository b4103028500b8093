import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawRequest, requestText, type RawAnswer } from './raw.js'
import { besiege, digestAddress, SINGLE, type Siege } from './siege.js'

const DIGEST = digestAddress(['/yum/good.rpm'])
const TARGETS = ['/yum/good.rpm', '/yum', '/-/health', `${SINGLE}/yum/good.rpm`, DIGEST]

const HEADERS = ['Host: mirror.example', 'Content-Type: text/plain', 'Content-Length: 3']

function checkNotAllowed({ checkRefused }: Siege, answer: RawAnswer): void {
  checkRefused(answer, 405)
  const allowed = answer.headers.get('allow')?.split(/, */) ?? []
  assert.deepEqual(allowed.filter((method) => method !== 'POST').sort(), ['GET', 'HEAD'])
}

for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'MKCOL', 'LOCK']) {
  test(`refuses ${method}, and names the allowed methods`, async (t) => {
    await besiege(t, {}, async (siege) => {
      for (const target of TARGETS) {
        checkNotAllowed(siege, await siege.ask(requestText(`${method} ${target}`)))
        checkNotAllowed(siege, await siege.ask(requestText(`${method} ${target}`, HEADERS, 'abc')))
      }
    })
  })
}

test('refuses POST where no form is accepted', async (t) => {
  await besiege(t, {}, async (siege) => {
    for (const target of TARGETS.filter((each) => each !== DIGEST)) {
      checkNotAllowed(siege, await siege.ask(requestText(`POST ${target}`)))
    }
  })
})

test('the answer for a digest allows POST', async (t) => {
  await besiege(t, {}, async ({ ask }) => {
    const { headers } = await ask(requestText(`PUT ${DIGEST}`))
    assert.match(headers.get('allow') ?? '', /\bPOST\b/)
  })
})

test('refuses OPTIONS for the server as a whole', async (t) => {
  await besiege(t, {}, async (siege) => {
    checkNotAllowed(siege, await siege.ask(requestText('OPTIONS *')))
  })
})

test('refuses unknown methods', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    for (const method of ['FOO', 'get', 'G\0T', 'GET\t/', 'X'.repeat(5000)]) {
      checkRefused(await ask(requestText(`${method} /yum/good.rpm`)), 400, 405, 431)
    }
  })
})

test('refuses an unsupported Expect header in a line of text', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    const fields = ['Host: mirror.example', 'Expect: the-unexpected']
    checkRefused(await ask(requestText('GET /yum/good.rpm', fields)), 417)
  })
})

test('does not become a proxy or a tunnel', async (t) => {
  await besiege(t, {}, async ({ port }) => {
    const received = await rawRequest(port, requestText('CONNECT 127.0.0.1:22'))
    assert.doesNotMatch(received, /^HTTP\/1\.1 2/)
  })
})
