import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { projectRoot } from '../support/programs.js'
import { makeScratch } from '../support/scratch.js'
import { serveBehindNginx, unlessNginx } from './behind-nginx.js'

/** The rules in the guide, as a reader copies them. */
function rules(): string {
  const text = readFileSync(join(projectRoot, 'docs/security.md'), 'utf8')
  const [, block] = /^```nft\n([^]*?)^```$/m.exec(text) ?? []
  assert.ok(block, 'docs/security.md shows no rules for nftables')
  return block
}

/** Whether rules can be tried in a network of their own, which only root can make. */
function canTry(): boolean {
  const command = 'ip link set lo up && nft list ruleset'
  return spawnSync('unshare', ['--net', 'sh', '-c', command]).status === 0
}

/** Counts how many of 105 connections to an address are accepted. */
const COUNT = `
  const { connect, createServer } = require('node:net')
  const server = createServer().listen(8080, '::', async () => {
    let accepted = 0
    for (let i = 0; i < 105; i++) {
      const socket = connect(8080, process.argv[1])
      accepted += await new Promise((resolve) => {
        socket.once('connect', () => resolve(1)).once('error', () => resolve(0))
      })
    }
    console.log(accepted)
    process.exit()
  })
`

const unlessRules = { skip: !canTry() && 'needs root, nft, ip and unshare' }

for (const address of ['127.0.0.1', '::1']) {
  test(`the firewall of the guide limits the connections of ${address}`, unlessRules, async (t) => {
    const file = join(makeScratch(t), 'mirror.nft')
    writeFileSync(file, rules())
    const script = 'ip link set lo up && nft -f "$1" && "$2" -e "$3" "$4"'
    const values = ['sh', file, process.execPath, COUNT, address]
    const run = promisify(execFile)
    const { stdout } = await run('unshare', ['--net', 'sh', '-c', script, ...values])
    assert.equal(stdout, '100\n')
  })
}

test('nginx, as in the guide, answers so many requests of one address', unlessNginx, async (t) => {
  const { socket: socketPath } = await serveBehindNginx(t, [], {
    'limit_conn mirror 100': 'limit_conn mirror 2',
  })
  const ask = async () => {
    const request = get({ socketPath, path: '/yum/7/a.rpm', headers: { Host: 'mirror.example' } })
    t.after(() => request.destroy())
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    return answer.statusCode
  }
  // Their clients read nothing, so they are not over
  assert.deepEqual([await ask(), await ask()], [200, 200])
  assert.equal(await ask(), 429)
})
