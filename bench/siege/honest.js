// The client that the service is for: it asks at a steady rate, however long answers take.
import { Agent, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { COLD, MOUNT } from './mirror.js'

const ANNOUNCE = `/announce?info_hash=${'v'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=7000&left=1`
const SINGLE = `${MOUNT}/single`

/** Milliseconds between two requests for the same, and until one counts as lost. */
const PERIOD = 50
const COLD_PERIOD = 3000
const NEW_PERIOD = 200
const LOST = 30_000

/** Milliseconds between two requests of a person. */
const PAUSE = 100

/**
 * Asks for a warm torrent and for /-/health for so many seconds, and now and then for the torrent
 * of a small cold file; and for /-/health as a client that has just come, on a connection of its
 * own. If there is a tracker, it announces and looks at the page of all torrents. Resolves with
 * what each took, in milliseconds from when it was due; Infinity where there was no good answer.
 * `failures` counts these by why. A person beside it has at most three requests at a time: for them
 * it also resolves with what `workOf` says that the service worked meanwhile, in milliseconds.
 */
export async function askSteadily(port, seconds, trackerPort, workOf) {
  const agent = new Agent({ keepAlive: true })
  const personal = new Agent({ keepAlive: true })
  const end = performance.now() + seconds * 1000
  const failures = {}
  const ask = async (path, by = agent, at = port) => {
    const outcome = await outcomeOf({ port: at, path, agent: by }, end)
    if (outcome !== 200) failures[outcome] = (failures[outcome] ?? 0) + 1
    return outcome === 200
  }
  const visit = (path, period) => {
    const isThere = trackerPort !== undefined
    return isThere ? repeat(period, end, () => ask(path, agent, trackerPort)) : []
  }
  const person = { took: [], worked: [] }
  const browse = async () => {
    while (performance.now() < end) {
      const [started, before] = [performance.now(), workOf()]
      const isGood = await ask(`${SINGLE}/yum/warm/file`, personal)
      person.took.push(isGood ? performance.now() - started : Infinity)
      person.worked.push(workOf() - before)
      await setTimeout(PAUSE)
    }
  }
  const [torrent, health, cold, fresh, announce, page] = await Promise.all([
    repeat(PERIOD, end, () => ask(`${SINGLE}/yum/warm/file`)),
    repeat(PERIOD, end, () => ask('/-/health')),
    repeat(COLD_PERIOD, end, (turn) => ask(`${SINGLE}/yum/cold/${turn % COLD}`)),
    repeat(NEW_PERIOD, end, () => ask('/-/health', false)),
    visit(ANNOUNCE, PERIOD),
    visit('/index.html', NEW_PERIOD),
    ...Array.from({ length: 3 }, browse),
  ])
  agent.destroy()
  personal.destroy()
  return { torrent, health, cold, fresh, announce, page, person, failures }
}

/** Acts at even intervals, whether or not what was begun before is done. */
async function repeat(period, end, act) {
  const results = []
  const start = performance.now()
  for (let turn = 0; start + turn * period < end; turn++) {
    const due = start + turn * period
    await setTimeout(Math.max(0, due - performance.now()))
    results.push(act(turn).then((isGood) => (isGood ? performance.now() - due : Infinity)))
  }
  return Promise.all(results)
}

/** The status that a request is answered with, or why it is not. */
function outcomeOf({ port, path, agent }, end) {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path, agent }, (answer) => {
      answer.resume()
      answer.on('end', () => settle(answer.statusCode))
      answer.on('error', (error) => settle(error.code))
    })
    const patience = Math.min(LOST, Math.max(1000, end - performance.now()))
    // One that begins when there is a connection might wait for ever
    const timer = globalThis.setTimeout(() => settle('too late'), patience)
    const settle = (outcome) => {
      clearTimeout(timer)
      if (outcome !== 200) asked.destroy()
      resolve(outcome)
    }
    asked.on('error', (error) => settle(error.code))
    asked.end()
  })
}

/** The value below which that share of all lie. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN
}
