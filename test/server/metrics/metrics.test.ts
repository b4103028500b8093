import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMetrics } from '../../../src/server/metrics/metrics.js'

test('metrics are written as Prometheus reads them', () => {
  const text = formatMetrics([
    { name: 'bytes_total', help: 'Bytes.', type: 'counter', samples: [{ value: 12_345 }] },
    {
      name: 'jobs',
      help: 'Jobs.',
      type: 'gauge',
      samples: [
        { labels: { kind: 'small', state: 'done' }, value: 0 },
        { labels: { kind: 'large', state: 'done' }, value: 2 },
      ],
    },
  ])
  const lines = [
    '# HELP bytes_total Bytes.',
    '# TYPE bytes_total counter',
    'bytes_total 12345',
    '# HELP jobs Jobs.',
    '# TYPE jobs gauge',
    'jobs{kind="small",state="done"} 0',
    'jobs{kind="large",state="done"} 2',
    '',
  ]
  assert.equal(text, lines.join('\n'))
})

test('quotes, backslashes and newlines in labels are escaped', () => {
  const samples = [{ labels: { route: 'a"b\\c\nd' }, value: 1 }]
  const text = formatMetrics([{ name: 'm', help: 'M.', type: 'gauge', samples }])
  assert.ok(text.endsWith('m{route="a\\"b\\\\c\\nd"} 1\n'), text)
})
