import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { serveMirror } from '../../support/serve.js'
import { rawRequest, requestText } from '../hostile/raw.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapMiB(): number {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

test('long addresses of one file leave little memory', async (t) => {
  const { port } = await serveMirror(t, { files: { a: 'text' } })
  const ask = async (host: string) => {
    const answer = await rawRequest(port, requestText(`GET http://${host}/a`))
    assert.match(answer, /^HTTP\/1\.1 200 /)
  }
  await ask('m')
  const before = heapMiB()
  for (let at = 0; at < 4000; at++) await ask(`${at}.${'x'.repeat(15_000)}`)
  assert.ok(heapMiB() - before < 30, `${heapMiB() - before} MiB more`)
})
