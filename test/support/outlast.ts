import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startExecutable } from './executable.js'
import { besiege, type Besieged } from './strangers.js'
import { until } from './until.js'

const MINUTES = 2
const MOST_MIB = 250

/** Lines that a service must not print because of strangers. Some strangers name a proxy. */
const FAULT =
  /internal error|error:|warning: (?!clients of the proxy)|dropped|" 500 |^ +at .*:\d+/im

function memoryOf(pid: number | undefined, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024)
}

/** Hundredths of a second of the processor. */
function ticksOf(pid: number | undefined): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')
  const fields = rest.split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** A service in a process of its own. */
interface Started {
  readonly pid: number | undefined
  /** Lines that it must not say. */
  readonly faults: readonly string[]
  /** Resolves with the first match in what it has said since its start. */
  readonly said: (pattern: RegExp) => Promise<RegExpExecArray>
}

/** Starts a service, and keeps of what it says only its beginning and its faults. */
export function startService(
  t: TestContext,
  args: readonly string[],
  child = startExecutable('btkit', args),
): Started {
  t.after(() => child.kill('SIGKILL'))
  const faults: string[] = []
  let beginning = ''
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream.on('data', (chunk: Buffer) => {
      if (beginning.length < 10_000) beginning += chunk.toString()
      const lines = (rest + chunk.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      faults.push(...lines.filter((line) => FAULT.test(line)).slice(0, 10))
    })
  }
  const said = async (pattern: RegExp) => {
    await until(`it says ${pattern.source}`, () => pattern.test(beginning))
    return pattern.exec(beginning) as RegExpExecArray
  }
  return { pid: child.pid, faults, said }
}

interface Siege {
  readonly strangers: Besieged
  /** Returns whether the next client has its answer. */
  readonly answers: () => Promise<boolean>
}

/**
 * Sends what strangers may send for some minutes. Afterwards the service must answer the next
 * client, use no processor time, and have used at most 250 MiB.
 */
export async function outlast(
  t: TestContext,
  { pid, faults }: Started,
  { strangers, answers }: Siege,
): Promise<void> {
  const end = performance.now() + MINUTES * 60_000
  const connections = await besiege(strangers, () => performance.now() > end)
  const peak = memoryOf(pid, 'VmHWM')
  t.diagnostic(`${connections} connections, peak ${peak} MiB`)
  await until('the next client is answered', () => answers().catch(() => false))
  await until('the processor is idle', async () => {
    const before = ticksOf(pid)
    await setTimeout(1000)
    return ticksOf(pid) - before < 10
  })
  assert.deepEqual(faults, [])
  assert.ok(peak <= MOST_MIB, `${peak} MiB`)
}
