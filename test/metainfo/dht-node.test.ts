import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDhtNode, parseDhtNode } from '../../src/metainfo/dht-node.js'
import { assertRefused } from './refusal.js'

for (const [text, host, port] of [
  ['router.example:6881', 'router.example', 6881],
  ['192.0.2.1:1', '192.0.2.1', 1],
  ['[2001:db8::1]:65535', '2001:db8::1', 65535],
  ['[::ffff:192.0.2.1]:80', '::ffff:192.0.2.1', 80],
] as const) {
  test(`${text} is a node`, () => {
    assert.deepEqual(parseDhtNode(text), { host, port })
    assert.equal(formatDhtNode({ host, port }), text)
  })
}

for (const text of [
  '',
  'host',
  'host:',
  ':6881',
  'host:0',
  'host:65536',
  'host:123456',
  'host:x',
  'host:-1',
  'host:80 ',
  'a b:80',
  '2001:db8::1:80',
  '[2001:db8::1]',
  '[host]:80',
  'http://host:80',
]) {
  test(`'${text}' is no node`, () => {
    assertRefused(() => parseDhtNode(text), 'usage', `node '${text}': not of the form HOST:PORT`)
  })
}
