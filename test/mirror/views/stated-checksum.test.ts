import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { until } from '../../support/until.js'
import { ask } from '../ask.js'

test('the page of a file says whether the lists beside it have its checksum', async (t) => {
  const name = 'a b.iso'
  const root = makeScratch(t, { [`pub/${name}`]: 'one', 'pub/other': 'two' })
  const { port } = await serveMirror(t, { root })
  const sum = (file: string) => execFileSync('sha256sum', [file], { cwd: join(root, 'pub') })
  const [own, other] = [sum(name).toString(), sum('other').toString()]
  const put = (list: string, text: string) => {
    writeFileSync(join(root, 'pub', list), text)
  }
  const visit = async () => {
    const page = (await ask(port, '/-/view/pub/a%20b.iso.details')).body.toString()
    return /✓ Same as|has another checksum|says this · not read/.exec(page)?.[0] ?? null
  }
  put('SHA256SUMS', own + other)
  assert.equal(await visit(), 'says this · not read', 'not hashed yet')
  assert.equal((await ask(port, '/pub/a%20b.iso.sha256')).body.toString(), own)
  const wrong = own.replace(/^\w+/, other.slice(0, 64))
  for (const [list, expected] of [
    [own + other, '✓ Same as'],
    [
      other + own.replace('  ', ' *').toUpperCase().replace('A B.ISO\n', './a b.iso\r\n'),
      '✓ Same as',
    ],
    [wrong, 'has another checksum'],
    [other, null],
    [own.replace('a b', 'not a b'), null],
    [`${other.slice(0, 64)}\n`, null],
    [own + 'x'.repeat(1024 * 1024), null],
  ] as const) {
    put('SHA256SUMS', list)
    assert.equal(await visit(), expected, list.slice(0, 200))
  }
  put(`${name}.sha256`, `${own.slice(0, 64)}\n`)
  assert.equal(await visit(), '✓ Same as')
  put('SHA256SUMS', wrong)
  assert.equal(await visit(), 'has another checksum')
  // An unpublished list says nothing
  rmSync(join(root, 'pub/SHA256SUMS'))
  rmSync(join(root, `pub/${name}.sha256`))
  symlinkSync(join(makeScratch(t, { list: own }), 'list'), join(root, 'pub/SHA256SUMS'))
  assert.equal(await visit(), null)
})

test('the page of a file computes its checksum when it is asked for, and shows it in place', async (t) => {
  const root = makeScratch(t, { 'pub/a.iso': 'one' })
  const { port } = await serveMirror(t, { root })
  const headers = { Accept: 'text/html' }
  const page = async (path: string) => (await ask(port, path, { headers })).body.toString()
  const before = await page('/-/view/pub/a.iso.details')
  const [, link = ''] = /href="([^"]*)" rel="nofollow"\s*>check now/.exec(before) ?? []
  const { pathname, search } = new URL(link, `http://x/-/view/pub/a.iso.details`)
  // Under load the progress may come first
  const shown = await until('the checksum', async () => {
    const text = await page(pathname + search)
    return text.includes('id="sha256"') && text
  })
  const [digest = ''] = execFileSync('sha256sum', ['pub/a.iso'], { cwd: root })
    .toString()
    .split(' ')
  assert.match(shown, new RegExp(`<code id="sha256"[^>]*>${digest}</code>`))
  assert.match(shown, /<button\s+type="button"\s+data-copy="sha256"/)
  assert.doesNotMatch(shown, /check now/)
})

test('the page of a file says when its checksum was read, also after a restart', async (t) => {
  const root = makeScratch(t, { 'pub/a.iso': 'one' })
  const own = execFileSync('sha256sum', ['a.iso'], { cwd: join(root, 'pub') }).toString()
  writeFileSync(join(root, 'pub/SHA256SUMS'), own)
  const aged = Date.now() / 1000 - 1000
  utimesSync(join(root, 'pub/a.iso'), aged, aged)
  const first = await serveMirror(t, { root })
  const checked = async (port: number) => {
    const page = (await ask(port, '/-/view/pub/a.iso.details')).body.toString()
    const [, text = ''] = /✓ Same as .*· checked\s+<time>([^<]*)</.exec(page) ?? []
    return Date.parse(text.replace(' ', 'T'))
  }
  const begun = Date.now()
  await ask(first.port, '/pub/a.iso.sha256')
  const time = await checked(first.port)
  // The clock of the service is ahead, and its pages have minutes
  assert.ok(Math.abs(time - begun) < 120_000, `${time}`)
  await first.stop()
  const second = await serveMirror(t, { root, cacheDir: first.cacheDir })
  assert.equal(await checked(second.port), time)
})

for (const [program, lists] of [
  ['sha512sum', ['SHA512SUMS', 'a.sha512']],
  ['b2sum', ['B2SUMS', 'a.blake2b']],
] as const) {
  test(`a list of ${program} beside a file is compared, too`, async (t) => {
    const root = makeScratch(t, { 'pub/a': 'one', 'pub/b': 'two' })
    const sums = execFileSync(program, ['a', 'b'], { cwd: join(root, 'pub') }).toString()
    const swapped = sums.replace(/^(\w+)(.*\n)(\w+)/, '$3$2$1')
    for (const list of lists) writeFileSync(join(root, 'pub', list), sums)
    const { port } = await serveMirror(t, { root })
    const visit = async () => {
      const page = (await ask(port, '/-/view/pub/a.details')).body.toString()
      return /(✓ Same as|✗|<p>)\s*<a href="[./]*\/pub\/([\w.]+)"/.exec(page)?.slice(1) ?? null
    }
    const [ofAll, own] = lists
    assert.deepEqual(await visit(), ['<p>', own], 'not hashed yet')
    await ask(port, '/pub/a.sha256')
    assert.deepEqual(await visit(), ['✓ Same as', own])
    writeFileSync(join(root, 'pub', ofAll), swapped)
    assert.deepEqual(await visit(), ['✗', ofAll])
  })
}
