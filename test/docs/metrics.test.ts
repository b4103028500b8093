import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { serveMirror } from '../support/serve.js'
import { startTrack } from '../support/track.js'

const METRIC = /\b(?:btkit|process)_[a-z_]+/g

test('the guide to monitoring and the manual list the metrics that there are, and the dashboard shows no others', async (t) => {
  const { address } = await serveMirror(t, {
    args: ['--warm', '/**', '--seed', '--seed-port', '0'],
  })
  // Nothing listens there, which has metrics of its own
  const { get } = await startTrack(t, { args: ['--store', 'redis://127.0.0.1:1'] })
  const served = await (await fetch(`${address}/-/metrics`)).text()
  const tracked = await (await get('/-/metrics')).text()
  const file = join(makeScratch(t, { 'd/a': 'a' }), 'm.prom')
  await runBtkit(['completedir', join(file, '../d'), '--metrics-file', file])
  const completed = readFileSync(file, 'utf8')
  const metrics = typesIn(`${served}${tracked}${completed}`)
  const guide = readFileSync('docs/monitoring.md', 'utf8')
  const dashboard = readFileSync('docs/grafana-dashboard.json', 'utf8')
  assert.deepEqual(namesIn(guide), metrics)
  const shown = [...namesIn(dashboard)].filter((name) => !metrics.has(name))
  assert.deepEqual(shown, [])
  assert.deepEqual(namesIn(readFileSync('man/btkit-serve-http.7', 'utf8')), typesIn(served))
  assert.deepEqual(namesIn(readFileSync('man/btkit-track.8', 'utf8')), typesIn(tracked))
})

function typesIn(text: string): Set<string> {
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name))
}

function namesIn(text: string): Set<string> {
  const names = [...text.matchAll(METRIC)].map(([name]) => name.replace(/_bucket$/, ''))
  return new Set(names)
}
