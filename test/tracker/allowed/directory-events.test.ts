import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { DirectoryEvents } from '../../../src/tracker/allowed/access-lists.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

test('a new file and a removed file cause a scan', { timeout: 20_000 }, async (t) => {
  const directory = makeScratch(t)
  const looks = new EventEmitter()
  let count = 0
  const events = new DirectoryEvents(
    () => [directory],
    () => {
      count++
      looks.emit('look')
      return Promise.resolve()
    },
  )
  t.after(() => {
    events.close()
  })
  events.update()
  // The timers of events do not keep a process alive
  const awake = setInterval(() => undefined, 1000)
  t.after(() => {
    clearInterval(awake)
  })
  for (const act of [
    () => {
      writeFileSync(join(directory, 'a.torrent'), 'x')
    },
    () => {
      rmSync(join(directory, 'a.torrent'))
    },
  ]) {
    const look = once(looks, 'look')
    act()
    await look
  }
  assert(count >= 2)
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
      const look = () => {
        looks++
        return Promise.resolve()
      }
      const events = new DirectoryEvents(() => [at], look)
      t.after(() => {
        events.close()
      })
      events.update()
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
  const events = new DirectoryEvents(() => [directory], look)
  const awake = setInterval(() => undefined, 1000)
  t.after(() => {
    events.close()
    clearInterval(awake)
  })
  events.update()
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
