import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededHashes } from '../../../../src/seeding/clients/rtorrent/rows.js'

const HASH = '0123456789ABCDEF0123456789ABCDEF01234567'

/** An answer as rtorrent 0.9.8 spells it. */
function answerOf(...values: readonly string[]): string {
  const rows = values.map((value) => {
    return `<value><array><data>\r\n<value><string>${value}</string></value>\r\n</data></array></value>\r\n`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n${rows.join('')}</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n`
}

test('only torrents with the mark that are active, whole and not being checked are seeded', () => {
  const others = ['010btkit', '100btkit', '111btkit', '110', '110movies', '110btkit2']
  const values = others.map((state, i) => `${HASH.slice(1)}${i}${state}`)
  assert.deepEqual([...seededHashes(answerOf(...values))], [])
  const found = seededHashes(answerOf(...values, `${HASH}110btkit`))
  assert.deepEqual([...found], [HASH.toLowerCase()])
})

test('a label that looks like a torrent is none', () => {
  const label = `&lt;string&gt;${HASH}110btkit&lt;/string&gt;`
  assert.deepEqual([...seededHashes(answerOf(`${HASH}110${label}`))], [])
})
