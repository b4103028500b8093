// Rows of strangers who try to make `btkit serve` slow, fat or deaf: each kind by itself, and all
// together.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ATTACKERS, goalsOf, SEARCHES } from '../../siege/attackers.js'

const SIEGE = fileURLToPath(new URL('../../siege.js', import.meta.url))

function siege({ name, numbers, seconds, quickSeconds }) {
  const { latency, fresh, memory } = goalsOf(numbers.length)
  return {
    name: `siege, ${name}`,
    figures: [
      { key: 'latency', unit: 'ms', limit: latency, what: '99th percentile of honest requests' },
      { key: 'fresh', unit: 'ms', limit: fresh, what: 'first answer to a new client' },
      { key: 'memory', unit: 'MiB', limit: memory, what: 'memory' },
      { key: 'cpu', unit: 'processors', what: 'used by the service' },
    ],
    turns: 1,
    quickTurns: 1,
    prepare: ({ programs, isQuick }) => ({
      isFirst: true,
      run(who) {
        const env = { ...process.env, BTKIT_BENCH_PROGRAM: programs[who] }
        const time = ['--seconds', `${isQuick ? quickSeconds : seconds}`]
        const args = [SIEGE, ...time, ...numbers.map(String)]
        const { stdout } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
        const figure = (what) => Number(new RegExp(`\\| ${what}[^|]*\\| (\\S+)`).exec(stdout)?.[1])
        const [latency, fresh] = [figure('99th percentile'), figure('longest first answer')]
        const [memory, cpu] = [figure('peak memory'), figure('processors')]
        return { latency, fresh, memory, cpu }
      },
    }),
  }
}

const numbers = Object.keys(ATTACKERS).map(Number)
/** The limits of all together hold for these; each of the others fills the service by itself. */
const together = numbers.filter((number) => number < SEARCHES)

export const ROWS = [
  siege({ name: 'attackers 1 to 17 together', numbers: together, seconds: 60, quickSeconds: 20 }),
  ...numbers.map((number) => {
    const name = `${number}: ${ATTACKERS[number].name}`
    return siege({ name, numbers: [number], seconds: 20, quickSeconds: 10 })
  }),
]
