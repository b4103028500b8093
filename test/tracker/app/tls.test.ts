import assert from 'node:assert/strict'
import { Agent, get } from 'node:https'
import { test, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { plantCertificate, tlsArgs, unlessOpenssl } from '../../support/certificates.js'
import { makeScratch } from '../../support/scratch.js'
import { startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'

/** A tracker's answer on a new connection, and its certificate. */
function ask(url: string, ca: string[]): Promise<{ name: string; body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: new Agent({ ca }) }, (answer) => {
      const name = (answer.socket as Partial<TLSSocket>).getPeerCertificate?.().subject.CN as string
      text(answer).then((body) => {
        resolve({ name, body })
      }, reject)
    }).on('error', reject)
  })
}

async function trackSecurely(t: TestContext) {
  const directory = makeScratch(t)
  const ca = [plantCertificate(directory, 'first')]
  return { ...(await startTrack(t, { args: tlsArgs(directory) })), directory, ca }
}

test('announces over TLS, and SIGHUP', unlessOpenssl, async (t) => {
  const { address, directory, ca, hangUp } = await trackSecurely(t)
  assert.match(address, /^https:/)
  const query = `info_hash=${'%01'.repeat(20)}&peer_id=${'x'.repeat(20)}&port=6881&left=1`
  const { body } = await ask(`${address.replace(/\/announce$/, '')}/announce?${query}`, ca)
  assert.match(body, /^d8:complete.*10:incompletei1e/s)
  ca.push(plantCertificate(directory, 'second'))
  hangUp()
  const base = address.replace(/\/announce$/, '')
  let seen = 0
  await until('the second certificate is used', async () => {
    const { name } = await ask(`${base}/-/health`, ca)
    seen = name === 'second' ? seen + 1 : 0
    return seen === 8
  })
})
