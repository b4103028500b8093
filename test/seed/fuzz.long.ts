import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startExecutable } from '../support/executable.js'
import { findFreePort } from '../support/opentracker.js'
import { strangersTo } from '../support/peer-strangers.js'
import { connectPeer, CONTENT, download, plantFile } from '../support/seed.js'
import { besiege } from '../support/strangers.js'
import { until } from '../support/until.js'

const MINUTES = 3
const MOST_MIB = 250

function memoryOf(pid: number | undefined, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024)
}

/** Hundredths of a second of the processor. */
function ticksOf(pid: number | undefined): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')
  const fields = rest.split(' ')
  return Number(fields[11]) + Number(fields[12])
}

test(`${MINUTES} minutes of strangers cost a seed at most ${MOST_MIB} MiB`, async (t) => {
  const { torrent, infoHash, directory } = await plantFile(t)
  // Data of the last two seconds is not seeded
  await setTimeout(2500)
  const port = await findFreePort()
  const where = ['--host', '127.0.0.1', '--port', String(port), '--no-cache']
  const dht = ['--dht', '--dht-node', '127.0.0.1:9']
  const child = startExecutable('btkit', ['seed', torrent, '--data', directory, ...where, ...dht])
  t.after(() => child.kill('SIGKILL'))
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  await until('it seeds', () => text.includes('added'))
  const end = performance.now() + MINUTES * 60_000
  const connections = await besiege(strangersTo(port, infoHash), () => performance.now() > end)
  const peak = memoryOf(child.pid, 'VmHWM')
  t.diagnostic(`${connections} connections, peak ${peak} MiB`)
  const peer = await connectPeer(t, port, { infoHash })
  assert.ok((await download(peer)).equals(CONTENT))
  peer.socket.destroy()
  await until('the processor is idle', async () => {
    const before = ticksOf(child.pid)
    await setTimeout(1000)
    return ticksOf(child.pid) - before < 10
  })
  assert.ok(peak <= MOST_MIB, `${peak} MiB`)
  assert.doesNotMatch(text, /error|warning|dropped/)
})
