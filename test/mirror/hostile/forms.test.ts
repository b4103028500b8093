import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawRequest, requestText } from './raw.js'
import { besiege, digestAddress, postText } from './siege.js'

const FORM = 'Content-Type: application/x-www-form-urlencoded'
const ADDRESS = digestAddress(['/yum/good.rpm'])
const BODY = 'p=/yum/good.rpm'

/** A form that is sent in an unusual way. */
function formText(fields: readonly string[], body: string): string {
  return requestText(`POST ${ADDRESS}`, ['Host: mirror.example', ...fields], body)
}

function lengthOf(body: string): string {
  return `Content-Length: ${body.length}`
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

test('refuses forms with more than --max-paths', async (t) => {
  const files = { 'yum/1': '1', 'yum/2': '2', 'yum/3': '3' }
  const args = ['--max-paths', '2']
  await besiege(t, { args, files }, async ({ post, checkRefused }) => {
    assert.equal((await post(['/yum/1', '/yum/2'])).status, 200)
    checkRefused(await post(['/yum/1', '/yum/2', '/yum/3']), 413)
    checkRefused(await post(['/yum/1', '/nowhere', '/nowhere']), 413)
  })
})

test('refuses forms with thousands of paths', async (t) => {
  await besiege(t, {}, async ({ post, checkRefused }) => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `/yum/${i}`)
    checkRefused(await post(many(10_001)), 413)
    checkRefused(await post(many(5000)), 404)
    checkRefused(await post(Array<string>(5000).fill('/yum/good.rpm')), 422)
  })
})

test('refuses forms of more than --max-body before they have arrived', async (t) => {
  await besiege(t, { args: ['--max-body', '1K'] }, async ({ ask, checkRefused }) => {
    const long = `${BODY}&x=${'x'.repeat(1024)}`
    checkRefused(await ask(formText([FORM, lengthOf(long)], long)), 413)
    checkRefused(await ask(formText([FORM, 'Content-Length: 999999999999'], 'p=')), 413)
  })
})

test('refuses chunked forms as soon as they exceed --max-body', async (t) => {
  await besiege(t, { args: ['--max-body', '1K'] }, async ({ ask, checkRefused }) => {
    // It never ends
    const chunks = chunk(`${BODY}&x=`) + chunk('x'.repeat(256)).repeat(20)
    checkRefused(await ask(formText([FORM, 'Transfer-Encoding: chunked'], chunks)), 413)
  })
})

test('accepts chunked forms that are small enough', async (t) => {
  await besiege(t, { args: ['--max-body', '1K'] }, async ({ ask }) => {
    const chunks = chunk(BODY.slice(0, 5)) + chunk(BODY.slice(5)) + chunk('')
    const { status } = await ask(formText([FORM, 'Transfer-Encoding: chunked'], chunks))
    assert.equal(status, 200)
  })
})

test('refuses malformed chunks', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    for (const body of [
      'zz\r\nxx\r\n',
      'fffffffffffffffff\r\n',
      '-1\r\nx\r\n',
      '3\r\nabcdef\r\n',
    ]) {
      checkRefused(await ask(formText([FORM, 'Transfer-Encoding: chunked'], body)), 400, 413)
    }
  })
})

for (const type of [
  'application/json',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/x-www-form-urlencodedx',
  'application/octet-stream',
  ';;',
  'x'.repeat(2000),
]) {
  test(`refuses a form of the type ${type.slice(0, 40)}`, async (t) => {
    await besiege(t, {}, async ({ ask, checkRefused }) => {
      const fields = [`Content-Type: ${type}`, lengthOf(BODY)]
      checkRefused(await ask(formText(fields, BODY)), 415)
    })
  })
}

test('refuses a form without a type', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    checkRefused(await ask(formText([lengthOf(BODY)], BODY)), 415)
  })
})

test('refuses a form that is JSON or multipart inside', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    const multipart =
      '--x\r\nContent-Disposition: form-data; name="p"\r\n\r\n/yum/good.rpm\r\n--x--'
    for (const body of ['{"p":"/yum/good.rpm"}', '["/yum/good.rpm"]', multipart]) {
      checkRefused(await ask(formText([FORM, lengthOf(body)], body)), 400)
    }
  })
})

test('refuses a form without a body', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    for (const fields of [[], [FORM], [FORM, 'Content-Length: 0'], ['Content-Length: 0']]) {
      checkRefused(await ask(formText(fields, '')), 400)
    }
    checkRefused(await ask(formText([FORM, 'Transfer-Encoding: chunked'], '0\r\n\r\n')), 400)
  })
})

test('refuses a form without paths', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    for (const body of ['p', 'p=', '&&&', 'P=/yum/good.rpm', 'p[]=/yum/good.rpm', '__proto__=x']) {
      checkRefused(await ask(formText([FORM, lengthOf(body)], body)), 400)
    }
  })
})

test('refuses a form that is not UTF-8', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    for (const body of ['p=/yum/\xff', `${BODY}\xc3`, '\xff\xfep\0=\0']) {
      checkRefused(await ask(formText([FORM, lengthOf(body)], body)), 400)
    }
  })
})

test('refuses a compressed form, which might be a bomb', async (t) => {
  await besiege(t, {}, async ({ ask, checkRefused }) => {
    const body = '\x1f\x8b\x08\0\0\0\0\0\0\x03'
    const fields = [FORM, 'Content-Encoding: gzip', lengthOf(body)]
    checkRefused(await ask(formText(fields, body)), 400, 415)
  })
})

test('refuses paths that do not match the digest in the address', async (t) => {
  await besiege(t, {}, async ({ ask, get, checkRefused }) => {
    const body = 'p=/yum/good.rpm&p=/yum/other.rpm'
    checkRefused(await ask(formText([FORM, lengthOf(body)], body)), 400)
    assert.equal((await get(ADDRESS)).status, 412)
  })
})

test('does not remember a refused set', async (t) => {
  await besiege(t, {}, async ({ get, post, checkRefused }) => {
    const paths = ['/yum/good.rpm', '/yum/missing.rpm']
    checkRefused(await post(paths), 404)
    assert.equal((await get(digestAddress(paths))).status, 412)
  })
})

test('refuses sets of files without a common directory', async (t) => {
  await besiege(t, { files: { 'apt/x': 'x', top: 'x' } }, async ({ post, checkRefused }) => {
    checkRefused(await post(['/apt/x', '/yum/good.rpm']), 422)
    checkRefused(await post(['/top']), 422)
    checkRefused(await post(['/*/*']), 422)
  })
})

test('refuses sets that would make an empty torrent', async (t) => {
  await besiege(t, { files: { 'yum/empty': '' } }, async ({ get, post, checkRefused }) => {
    checkRefused(await post(['/yum/empty']), 422)
    checkRefused(await get('/yum/torrent_service/single/yum/empty'), 422)
  })
})

test('answers a form sent with Expect: 100-continue', async (t) => {
  await besiege(t, {}, async ({ mirror }) => {
    const expecting = postText(['/yum/good.rpm'], ['Expect: 100-continue'])
    const received = await rawRequest(mirror.port, expecting)
    assert.match(received, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  })
})
