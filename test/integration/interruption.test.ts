import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadNative } from '../../src/base/native-addon.js'
import { executable, startCollecting, startExecutable } from '../support/executable.js'
import { quickFirst } from '../support/long.js'
import { collect, runProgram, whenReading } from '../support/programs.js'
import { makeScratch, plantFiles, plantHuge } from '../support/scratch.js'
import { plantFile } from '../support/seed.js'
import { singleFileInfo, torrentOf, TRACKER } from '../support/torrents.js'
import { unlessInstalled } from '../support/peers.js'
import { until } from '../support/until.js'
import { openFiles, unlessProc, whenOpen } from '../support/when-open.js'

const OLD = Buffer.from(torrentOf(singleFileInfo()))
/** Seconds of work, which a run that is interrupted does not come to. */
const HUGE = 64 * 2 ** 30

const testSignal = quickFirst()

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  testSignal(
    `${signal} while hashing leaves nothing behind, and btkit dies of it (status ${status})`,
    unlessProc,
    async (t) => {
      const directory = makeScratch(t, { 'huge.torrent': OLD })
      const source = plantHuge(directory, 'huge', HUGE)
      const args = ['makemetafile', source, TRACKER, '--piece-size-pow2', '24', '--force']
      const { child, ended } = startCollecting('btkit', args, { cwd: directory })
      await whenOpen(child.pid!, source)
      child.kill(signal)
      const result = await ended
      assert.deepEqual([result.status, result.signal], [status, signal])
      assert.deepEqual([result.stdout, result.stderr], ['', 'btkit: interrupted\n'])
      assert.deepEqual(readdirSync(directory), ['huge', 'huge.torrent'])
      assert.deepEqual(readFileSync(`${source}.torrent`), OLD)
    },
  )
}

test('SIGHUP ends no seed without a terminal, as under nohup', async (t) => {
  const { directory, torrent } = await plantFile(t)
  const torrents = makeScratch(t)
  const args = ['seed', torrents, '--data', directory, '--port', '0', '--parse-dir-interval', '1']
  const { child, ended } = startCollecting('btkit', args)
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  await until('it listens', () => said.includes('listening'))
  for (let time = 0; time < 2; time++) child.kill('SIGHUP')
  plantFiles(torrents, { 'a.torrent': readFileSync(torrent) })
  await until('it goes on', () => said.includes('added'))
  child.kill('SIGTERM')
  assert.equal((await ended).status, 0)
})

test('an interruption ends the run, not only the file at hand', unlessProc, async (t) => {
  const directory = makeScratch(t)
  plantFiles(directory, { 'after.bin': '1', 'before.bin': '1' })
  const source = plantHuge(directory, 'huge', HUGE)
  const names = ['before.bin', 'huge', 'after.bin']
  const args = ['makemetafile', ...names, TRACKER, '--piece-size-pow2', '24']
  const { child, ended } = startCollecting('btkit', args, { cwd: directory })
  await whenOpen(child.pid!, source)
  child.kill('SIGINT')
  assert.equal((await ended).status, 130)
  assert.deepEqual(readdirSync(directory), [
    'after.bin',
    'before.bin',
    'before.bin.torrent',
    'huge',
  ])
})

test(
  'SIGINT while waiting for standard input ends with status 130',
  { timeout: 60_000 },
  async (t) => {
    const { child, ended } = startCollecting('btkit', ['showmetainfo', '-'], { t })
    await whenReading(child)
    child.kill('SIGINT')
    assert.equal((await ended).status, 130)
  },
)

const unlessAddon = {
  skip: loadNative('endAfterSignal') === null && 'without the addon, only SIGKILL ends a read',
}

const testSecond = quickFirst()

for (const [first, second] of [
  ['SIGINT', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
  ['SIGTERM', 'SIGINT'],
] as const) {
  testSecond(`after ${first}, ${second} ends btkit while a read hangs`, unlessAddon, async (t) => {
    const directory = makeScratch(t, { 'a.torrent': OLD })
    const [pipe, torrent] = [join(directory, 'pipe'), join(directory, 'a.torrent')]
    await runProgram('mkfifo', [pipe])
    for (const args of [
      ['showmetainfo', pipe],
      ['verify', pipe, directory],
      ['verify', torrent, '--files-from', pipe],
    ]) {
      const { child, ended } = startCollecting('btkit', args, { t })
      let writer = -1
      await until('btkit reads the pipe', () => (writer = openWriter(pipe)) !== -1)
      child.kill(first)
      // Repeated, because signals that come at once count as one
      await until(`${second} ends btkit`, () => child.signalCode !== null || !child.kill(second))
      closeSync(writer)
      // The system delivers SIGINT first if both wait
      assert.ok([first, second].some((each) => each === child.signalCode))
      await ended
    }
  })
}

const READING = [
  ['showmetainfo', 'pipe'],
  ['lint', 'pipe'],
  ['verify', 'pipe'],
  ['copyannounce', 'pipe', 'a.torrent'],
  ['reannounce', TRACKER, '--files-from', 'pipe'],
]

const testReading = quickFirst()

for (const args of READING) {
  testReading(`one SIGTERM ends ${args[0]} while a pipe is silent`, unlessAddon, async (t) => {
    const directory = makeScratch(t, { 'a.torrent': OLD })
    const pipe = join(directory, 'pipe')
    await runProgram('mkfifo', [pipe])
    const { child, ended } = startCollecting('btkit', args, { cwd: directory, t })
    let writer = -1
    await until('btkit reads the pipe', () => (writer = openWriter(pipe)) !== -1)
    child.kill('SIGTERM')
    const { status, signal } = await ended
    closeSync(writer)
    assert.deepEqual([status, signal], [143, 'SIGTERM'], args.join(' '))
    assert.deepEqual(readFileSync(join(directory, 'a.torrent')), OLD)
  })
}

/**
 * Mounts a file system that never answers at the directory argv[1], and prints `mounted`, then
 * `asked` when a program waits for it. The end of standard input unmounts it. The numbers are those
 * of linux/fuse.h: 26 is FUSE_INIT, answered in version 7.31, and 2 is MNT_DETACH.
 */
const HANGING = `
import ctypes, os, select, struct, sys
libc = ctypes.CDLL(None)
fuse = os.open('/dev/fuse', os.O_RDWR)
options = f'fd={fuse},rootmode=40000,user_id=0,group_id=0'.encode()
if libc.mount(b'hanging', sys.argv[1].encode(), b'fuse', 0, options) != 0: sys.exit('refused')
length, operation, unique = struct.unpack_from('IIQ', os.read(fuse, 1 << 20))
assert operation == 26
answer = struct.pack('IIIIHHIIHHI', 7, 31, 0, 0, 0, 0, 1 << 16, 0, 0, 0, 0) + bytes(28)
os.write(fuse, struct.pack('IiQ', 16 + len(answer), 0, unique) + answer)
print('mounted', flush=True)
select.select([fuse], [], [])
print('asked', flush=True)
sys.stdin.read()
libc.umount2(sys.argv[1].encode(), 2)
`

const unlessMounts = {
  skip:
    unlessAddon.skip ||
    ((process.getuid?.() !== 0 || !existsSync('/dev/fuse')) && 'only root mounts with /dev/fuse') ||
    unlessInstalled('python3').skip,
}

const testHanging = quickFirst()

for (const [which, args] of [
  ['a second', ['find', 'a.torrent', '--in', 'hanging']],
  ['a second', ['makemetafile', 'hanging', '--trackerless', '--output', 'b.torrent']],
  ['a second', ['verify', 'a.torrent', 'hanging']],
  ['one', ['verify', 'a.torrent', 'hanging']],
] as const) {
  testHanging(
    `${which} SIGINT ends ${args[0]} in a file system that hangs`,
    unlessMounts,
    async (t) => {
      const directory = makeScratch(t, { 'a.torrent': OLD, 'hanging/x': '' })
      const python = spawn('python3', ['-c', HANGING, join(directory, 'hanging')], {
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      const ended = once(python, 'exit')
      let told = ''
      python.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()))
      await until('it is mounted', () => told.includes('mounted') || python.exitCode !== null)
      if (python.exitCode !== null) {
        t.skip('this machine does not let root mount')
        return
      }
      const child = startExecutable('btkit', args, { cwd: directory })
      try {
        await until('btkit waits for it', () => told.includes('asked'))
        child.kill('SIGINT')
        const again = () => which === 'a second' && !child.kill('SIGINT')
        await until('SIGINT ends btkit', () => child.signalCode !== null || again())
        assert.equal(child.signalCode, 'SIGINT')
      } finally {
        child.kill('SIGKILL')
        python.stdin.end()
        await ended
      }
    },
  )
}

/** Opens a named pipe for writing; -1 if nobody reads it. */
function openWriter(pipe: string): number {
  try {
    return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return -1
  }
}

const LOOP = 'for i in 1 2 3; do "$@" --output "$i.torrent"; done; echo goes on'

const testShell = quickFirst()

for (const [what, script] of [
  ['script', '"$@"; echo goes on'],
  ['loop', LOOP],
] as const) {
  testShell(`Ctrl-C stops the ${what} of bash around btkit, too`, unlessProc, async (t) => {
    const directory = makeScratch(t)
    const source = plantHuge(directory, 'huge', HUGE)
    const command = [process.execPath, executable('btkit'), 'makemetafile', source, TRACKER]
    const options = ['--max-rate', '16M', '--no-cache']
    // A group of its own, as a terminal has it: Ctrl-C goes to all of the group
    const child = spawn('bash', ['-c', script, 'bash', ...command, ...options], {
      cwd: directory,
      detached: true,
    })
    t.after(() => child.kill('SIGKILL'))
    const ended = collect(child)
    await until('btkit hashes', () => openFiles(childOf(child.pid!)).includes(source))
    process.kill(-child.pid!, 'SIGINT')
    const { signal, stdout, stderr } = await ended
    assert.deepEqual([signal, stdout], ['SIGINT', ''])
    assert.match(stderr, /btkit: interrupted\n$/)
    assert.deepEqual(readdirSync(directory), ['huge'])
  })
}

/** The process that a shell waits for; 0 if none. */
function childOf(shell: number): number {
  return Number.parseInt(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8')) || 0
}
