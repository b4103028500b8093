// Two trackers with one Redis: the processor time of the one that only reads what the other sends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { printTable } from '../support.js'
import { cpuSeconds, freePort, start, startTrack, stop } from './programs.js'

const A_MINUTE = 100_000

/** Each announce is a change that the other tracker must apply. */
export async function lookAtExchange(scratch, { seconds, loadWith }) {
  const port = await freePort()
  const redis = { child: start('redis-server', ['--port', `${port}`, '--save', '']) }
  await setTimeout(500)
  const store = ['--store', `redis://127.0.0.1:${port}`]
  const [asked, other] = [await startTrack(scratch, ...store), await startTrack(scratch, ...store)]
  const rate = Math.round(A_MINUTE / 60)
  const load = async (time) => {
    const args = [loadWith, `${asked.port}`, `${time}`, 'changes', `${rate}`]
    await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'close')
  }
  await load(3)
  const time = Math.max(10, 3 * seconds)
  const before = [cpuSeconds(asked), cpuSeconds(other)]
  await load(time)
  await setTimeout(1000)
  const used = [cpuSeconds(asked) - before[0], cpuSeconds(other) - before[1]]
  for (const each of [asked, other, redis]) await stop(each)
  const share = (cpu) => `${((100 * cpu) / time).toFixed(1)} %`
  printTable(`${A_MINUTE} announces a minute at one of two trackers`, [
    ['what', 'of a core', 'wanted'],
    ['the tracker that answers them', share(used[0]), ''],
    ['the tracker that reads them in the stream', share(used[1]), '10 %'],
  ])
}
