import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { DirectoryEvents } from '../../../src/tracker/allowed/access-lists.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

/** Watches directories until the test ends. */
function watchOver(t: TestContext, directories: () => string[], look: () => Promise<void>) {
  const events = new DirectoryEvents(directories, look)
  // The timers of events do not keep a process alive
  const awake = setInterval(() => undefined, 1000)
  t.after(() => {
    events.close()
    clearInterval(awake)
  })
  events.update()
  return events
}

test('a new file and a removed file cause a scan', { timeout: 20_000 }, async (t) => {
  const directory = makeScratch(t)
  const looks = new EventEmitter()
  let within = [directory]
  const events = watchOver(
    t,
    () => within,
    () => Promise.resolve(void looks.emit('look')),
  )
  // It was away for a while
  for (within of [[], [directory]]) events.update()
  const path = join(directory, 'a.torrent')
  for (const isNew of [true, false]) {
    const look = once(looks, 'look')
    if (isNew) writeFileSync(path, 'x')
    else rmSync(path)
    await look
  }
})

for (const what of ['moved away', 'removed']) {
  for (const isLink of [false, true]) {
    const title = `a file in a ${isLink ? 'link' : 'directory'} whose predecessor was ${what} causes a scan`
    test(title, { timeout: 20_000 }, async (t) => {
      const scratch = makeScratch(t, { 'one/a': '', 'two/a': '' })
      const at = join(scratch, 'current')
      const put = (name: string) => {
        if (isLink) symlinkSync(name, at)
        else renameSync(join(scratch, name), at)
      }
      put('one')
      let looks = 0
      watchOver(
        t,
        () => [at],
        () => Promise.resolve(void looks++),
      )
      if (what === 'removed') rmSync(at, { recursive: true })
      else renameSync(at, `${at}.old`)
      put('two')
      await until('it is scanned', () => looks > 0)
      const before = looks
      writeFileSync(join(at, 'a.torrent'), 'x')
      await until('the new one is scanned', () => looks > before)
    })
  }
}

test('a directory that cannot be watched does no harm', () => {
  const look = () => Promise.resolve()
  const events = new DirectoryEvents(() => ['/nowhere/at/all'], look)
  assert.doesNotThrow(() => {
    events.update()
    events.close()
  })
})

test('only so many requests wait for a scan, and the others are told that nothing came', async (t) => {
  const directory = makeScratch(t)
  const looks = new EventEmitter()
  let finish = () => undefined as unknown
  const scan = new Promise<void>((resolve) => (finish = resolve))
  const look = () => {
    looks.emit('look')
    return scan
  }
  const events = watchOver(t, () => [directory], look)
  const looking = once(looks, 'look')
  writeFileSync(join(directory, 'a.torrent'), 'x')
  await looking
  const waiting = Array.from({ length: 10_000 }, (_, n) =>
    events.settled(n < 100 ? '192.0.2.1' : null),
  )
  assert.equal(await events.settled('192.0.2.1'), false)
  assert.equal(await events.settled(null), false)
  // All of them have seen the scan
  await setImmediate()
  finish()
  assert.ok((await Promise.all(waiting)).every(Boolean))
  assert.equal(await events.settled(null), false)
})
