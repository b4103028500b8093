import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import {
  decodeResponse,
  encodeCall,
  faultOf,
  type XmlRpcValue,
} from '../../../../src/seeding/clients/rtorrent/xml-rpc.js'

/** Python's own codec is what the encoding is held against. */
const python = spawnSync('python3', ['-c', 'import xmlrpc.client']).status === 0
const unlessPython = { skip: !python && 'python3 is not installed' }

function inPython(script: string, input: string): string {
  const result = spawnSync('python3', ['-c', `import sys, json, xmlrpc.client\n${script}`], {
    input,
    encoding: 'utf8',
  })
  assert.equal(result.status, 0, result.stderr)
  return result.stdout
}

test('another codec reads a call as it was meant', unlessPython, () => {
  const params: XmlRpcValue[] = ['a <&> "b"', 7, -1, Buffer.from([0, 255]), ['x', { y: ['z'] }]]
  const script = `
params, method = xmlrpc.client.loads(sys.stdin.read(), use_builtin_types=True)
print(json.dumps([method, list(params)], default=list))`
  const read = JSON.parse(inPython(script, encodeCall('d.name', params))) as unknown
  assert.deepEqual(read, ['d.name', ['a <&> "b"', 7, -1, [0, 255], ['x', { y: ['z'] }]]])
})

test('what another codec answers is read', unlessPython, () => {
  const script = `
print(xmlrpc.client.dumps(([1, "ü<&>", ["x"], {"a": 2}],), methodresponse=True))`
  assert.deepEqual(decodeResponse(inPython(script, '')), [1, 'ü<&>', ['x'], { a: 2 }])
})

test('a fault is an error in its own words', () => {
  const fault =
    '<methodResponse><fault><value><struct><member><name>faultCode</name><value><i4>-501</i4></value></member>' +
    '<member><name>faultString</name><value>no such torrent</value></member></struct></value></fault></methodResponse>'
  assert.throws(() => decodeResponse(fault), { code: 'client', message: 'no such torrent' })
  assert.equal(faultOf({ faultCode: 1, faultString: 'why' }), 'why')
  assert.equal(faultOf([0]), null)
})

/** Answers of many levels, as no client sends them. */
const deep = (levels: number, inside: string) => {
  const [open, close] = ['<value><array><data>', '</data></array></value>']
  const value = `${open.repeat(levels)}${inside}${close.repeat(levels)}`
  return `<methodResponse><params><param>${value}</param></params></methodResponse>`
}

for (const [what, text] of [
  ['arrays', deep(5000, '<value>x</value>')],
  ['elements of a text', deep(1, `<value>${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}</value>`)],
  ['elements with odd attributes', deep(1, '<a b="/>">'.repeat(5000) + '</a>'.repeat(5000))],
  ['comments without an end', '<!--'.repeat(2_000_000)],
  ['quotes without an end', `<a ${'"<a '.repeat(2_000_000)}`],
  ['elements without an end', '<a>'.repeat(100_000)],
  ['comments and texts', deep(1, '<!-- <a> --><![CDATA[<a>]]>'.repeat(5000) + '<a>'.repeat(5000))],
] as const) {
  test(`an answer of thousands of nested ${what} is no answer`, () => {
    assert.throws(() => decodeResponse(text), { code: 'client', message: /unexpected answer/ })
  })
}

test('comments and texts may hold any number of tags', () => {
  const inside = `<value><string>${'<!-- <a> --><![CDATA[<a>]]>'.repeat(100)}</string></value>`
  assert.deepEqual(decodeResponse(deep(1, inside)), ['<a>'.repeat(100)])
})

for (const text of [
  '',
  'nothing',
  '<html></html>',
  '<methodResponse>',
  '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
]) {
  void test(`'${text}' is no answer`, () => {
    assert.throws(() => decodeResponse(text), { code: 'client', message: /unexpected answer/ })
  })
}
