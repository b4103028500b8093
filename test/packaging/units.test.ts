import assert from 'node:assert/strict'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { executable } from '../support/executable.js'
import { projectRoot, runProgram } from '../support/programs.js'
import { unlessInstalled } from '../support/peers.js'
import { makeScratch } from '../support/scratch.js'

/** Points of exposure, of ten, that a unit may come to at most. */
const MOST = 2.5

const SERVICES = ['serve', 'track', 'completedir', 'worker', 'seed'].map(
  (name) => `btkit-${name}.service`,
)

const read = (...path: string[]) => readFileSync(join(projectRoot, ...path), 'utf8')

for (const unit of readdirSync(join(projectRoot, 'packaging')).filter((name) =>
  /^btkit-/.test(name),
)) {
  test(`systemd understands ${unit}`, unlessInstalled('systemd-analyze'), async (t) => {
    const directory = makeScratch(t)
    for (const name of [...SERVICES, unit]) {
      // The program is not where the unit has it
      const text = read('packaging', name).replaceAll('/usr/bin/btkit', executable('btkit'))
      writeFileSync(join(directory, name), text)
    }
    const args = ['verify', '--man=no', join(directory, unit)]
    const { status, stdout, stderr } = await runProgram('systemd-analyze', args)
    assert.deepEqual([status, stdout, stderr], [0, '', ''])
  })
}

for (const unit of SERVICES) {
  test(`${unit} lays little open`, unlessInstalled('systemd-analyze'), async () => {
    const path = join(projectRoot, 'packaging', unit)
    const args = ['security', '--offline=true', '--no-pager', path]
    const { stdout, stderr } = await runProgram('systemd-analyze', args)
    const [, exposure] = /exposure level for .*: (\d+\.\d)/.exec(stdout) ?? []
    assert.ok(Number(exposure) <= MOST, `${exposure} ${stderr}`)
  })
}

test(
  'a worker does not start until its files are there',
  unlessInstalled('systemd-analyze'),
  async (t) => {
    const directory = makeScratch(t)
    const unit = read('packaging', 'btkit-worker.service')
    const files = ['redis.url', 'share.key']
    const start = async () => {
      const conditions = unit.match(/^Condition.*$/gm) ?? []
      const own = conditions.map((each) => each.replace('/etc/btkit', directory))
      return (await runProgram('systemd-analyze', ['condition', ...own])).status
    }
    for (const file of files) {
      assert.match(unit, new RegExp(`^Environment=.*/etc/btkit/${file}$`, 'm'))
      assert.equal(await start(), 1)
      writeFileSync(join(directory, file), '')
    }
    assert.equal(await start(), 0)
  },
)

test('systemd does not give up a service whose disk comes late', () => {
  for (const unit of SERVICES.filter((name) => name !== 'btkit-completedir.service')) {
    const [, seconds] = /^RestartSec=(\d+)$/m.exec(read('packaging', unit)) ?? []
    // It gives up after five starts within ten seconds
    assert.ok(Number(seconds) * 4 > 10, unit)
  }
})

test('installing and removing the Debian package minds all units', async () => {
  const url = pathToFileURL(join(projectRoot, 'packaging/debian/units.js')).href
  const { unitsIn } = (await import(url)) as {
    unitsIn: (directory: string) => Record<'all' | 'services' | 'stopped', string[]>
  }
  const { all, services, stopped } = unitsIn(join(projectRoot, 'packaging'))
  const there = readdirSync(join(projectRoot, 'packaging')).filter((name) => /^btkit-/.test(name))
  assert.deepEqual(all.sort(), there.sort())
  const lasting = SERVICES.filter((name) => name !== 'btkit-completedir.service')
  assert.deepEqual(services.sort(), lasting.sort())
  assert.deepEqual(
    stopped.sort(),
    there.filter((name) => name !== 'btkit-completedir.service').sort(),
  )
  // No script has a list of its own
  const [postinst, prerm] = ['postinst', 'prerm'].map((name) => read('packaging/debian', name))
  assert.match(postinst!, /try-restart @SERVICES@/)
  assert.match(prerm!, /disable --now @UNITS@/)
})
