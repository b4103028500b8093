import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { serveMirror } from '../support/serve.js'
import { startTrack } from '../support/track.js'

const METRIC = /\b(?:btkit|process)_[a-z_]+/g

test('the guide to monitoring lists the metrics that there are, and the dashboard shows no others', async (t) => {
  const { address } = await serveMirror(t, { args: ['--warm', '/**'] })
  const { get } = await startTrack(t)
  const served = await (await fetch(`${address}/-/metrics`)).text()
  const tracked = await (await get('/-/metrics')).text()
  const metrics = new Set(
    [...`${served}${tracked}`.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name),
  )
  const guide = readFileSync('docs/monitoring.md', 'utf8')
  const dashboard = readFileSync('docs/grafana-dashboard.json', 'utf8')
  assert.deepEqual(namesIn(guide), metrics)
  const shown = [...namesIn(dashboard)].filter((name) => !metrics.has(name))
  assert.deepEqual(shown, [])
})

function namesIn(text: string): Set<string> {
  const names = [...text.matchAll(METRIC)].map(([name]) => name.replace(/_bucket$/, ''))
  return new Set(names)
}
