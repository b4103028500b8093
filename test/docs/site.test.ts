import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeScratch } from '../support/scratch.js'

test('the site has a page for each guide, and no link that leads nowhere', (t) => {
  const site = join(makeScratch(t), 'site')
  const { status, stderr } = spawnSync(process.execPath, ['scripts/docs.js', site], {
    encoding: 'utf8',
  })
  assert.deepEqual([status, stderr], [0, ''])
  const guides = readdirSync('docs').filter((name) => name.endsWith('.md'))
  const pages = readdirSync(join(site, 'docs')).filter((name) => name.endsWith('.html'))
  assert.deepEqual(
    pages,
    guides.map((name) => name.replace('.md', '.html')),
  )
  const mirror = readFileSync(join(site, 'docs', 'mirror.html'), 'utf8')
  assert.ok(mirror.includes('href="cron.html"'))
})
