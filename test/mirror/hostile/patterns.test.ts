import assert from 'node:assert/strict'
import { test } from 'node:test'
import { besiege, SINGLE } from './siege.js'

/** Names that nearly match up to their last character. */
const NEARLY = Object.fromEntries(
  Array.from({ length: 20 }, (_, i) => [`near/${'a'.repeat(220 + i)}`, 'x']),
)

const EXPLOSIVE = [
  `${'*a'.repeat(100)}*b`,
  `${'a*'.repeat(200)}b`,
  `${'*'.repeat(200)}b`,
  `${'*?'.repeat(100)}b`,
  `${'[a-z]*'.repeat(40)}b`,
  `${'*[!b]'.repeat(40)}b`,
  '[a-'.repeat(60),
  `${'['.repeat(250)}*`,
  `[${'a-z'.repeat(80)}]*b`,
  '*(a|a?)+b*',
  '{a,a}{a,a}*b',
]

test('notices quickly that hostile patterns match nothing', async (t) => {
  await besiege(t, { files: NEARLY }, async ({ get, post, checkRefused }) => {
    for (const pattern of EXPLOSIVE.map(encodeURIComponent)) {
      checkRefused(await get(`${SINGLE}/near/${pattern}`), 404)
      checkRefused(await post([`/near/${pattern}`]), 404)
    }
  })
})

test('notices quickly that many patterns in a row match nothing', async (t) => {
  await besiege(t, { files: NEARLY }, async ({ get, checkRefused }) => {
    checkRefused(await get(SINGLE + '/*'.repeat(1500)), 404, 422)
    checkRefused(await get(`${SINGLE}/${'*'.repeat(4000)}`), 400, 404)
  })
})

test('a pattern in the address of a file is a name', async (t) => {
  await besiege(t, {}, async ({ get, checkRefused }) => {
    for (const path of ['/yum/*', '/yum/good.rp?', '/yum/good.rp%3f', '/yum/[g]ood.rpm']) {
      checkRefused(await get(path), 404)
    }
  })
})

const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`ten/${i}`, 'x']))

test('refuses patterns that match more than --max-matches', async (t) => {
  const args = ['--max-matches', '9']
  await besiege(t, { args, files: ten }, async ({ get, post, checkRefused }) => {
    checkRefused(await get(`${SINGLE}/ten/*`), 422)
    checkRefused(await get(`${SINGLE}/*/*`), 422)
    checkRefused(await post(['/ten/*']), 422)
    checkRefused(await post(['/ten/[0-4]', '/ten/[5-9]']), 422)
  })
})

test('accepts patterns that match exactly --max-matches files', async (t) => {
  const args = ['--max-matches', '10']
  await besiege(t, { args, files: ten }, async ({ get, post }) => {
    assert.equal((await get(`${SINGLE}/ten/*`)).status, 200)
    assert.equal((await post(['/ten/[0-4]', '/ten/[5-9]'])).status, 200)
  })
})
