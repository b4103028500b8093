import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../support/programs.js'
import { unlessInstalled } from '../support/peers.js'
import { makeScratch } from '../support/scratch.js'

const VERSION = '99.1.0'

test('a release is made but for its upload', unlessInstalled('aarch64-linux-gnu-gcc'), (t) => {
  const root = join(makeScratch(t), 'clone')
  cpSync(projectRoot, root, {
    recursive: true,
    filter: (path) => !/\/(\.git|node_modules|packages|dist)$/.test(path),
  })
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'))
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' })
  git('init', '--quiet')
  git('config', 'user.name', 'A')
  git('config', 'user.email', 'a@example.org')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'All')
  const release = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/release.js', ...args], {
      cwd: root,
      encoding: 'utf8',
      timeout: 400_000,
    })

  const { status, stderr } = release(VERSION)
  assert.equal(status, 0, stderr)
  assert.match(git('show', '--stat', `v${VERSION}`), /^### Added$[^]*CHANGELOG\.md/m)
  assert.equal(git('status', '--porcelain'), '')
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  assert.match(changelog, /## Unreleased\n\n## 99\.1\.0 - \d{4}-\d\d-\d\d\n\n### Added/)
  const directory = join(root, 'packages', `btkit-${VERSION}`)
  assert.deepEqual(readdirSync(directory), [
    'SHA256SUMS',
    `btkit-${VERSION}.tgz`,
    `btkit-accelerator-linux-arm64-${VERSION}.tgz`,
    `btkit-accelerator-linux-x64-${VERSION}.tgz`,
  ])
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: directory })
  const torrent = readFileSync(`${directory}.torrent`, 'latin1')
  assert.ok(torrent.includes(`btkit-${VERSION}.tgz`))
  assert.ok(torrent.includes(`4:name${`btkit-${VERSION}`.length}:btkit-${VERSION}12:piece`))

  const again = release(VERSION)
  assert.deepEqual(
    [again.status, again.stderr],
    [1, `release: the tag v${VERSION} exists; choose another version\n`],
  )
})
