import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startServe, type ServeProcess, type ServeSetup } from '../hostile/process.js'

/** A service of two processes, and a connection to each. */
export interface TwoWorkers extends ServeProcess {
  readonly mainPid: number
  readonly workerPid: number
  /** Whoever asks with it asks the process that was started first. */
  readonly viaMain: Agent
  /** Whoever asks with it asks the other. */
  readonly viaWorker: Agent
}

/** Starts `btkit serve --workers 2`. Needs /proc, and signals that stop a process for a while. */
export async function startTwo(
  t: TestContext,
  root: string,
  setup: ServeSetup = {},
): Promise<TwoWorkers> {
  const args = ['--workers', '2', ...(setup.args ?? [])]
  const served = await startServe(t, root, { ...setup, args })
  const mainPid = served.child.pid ?? 0
  const [workerPid] = childrenOf(mainPid)
  // A signal to 0 would be for whoever runs the tests
  if (workerPid === undefined || mainPid === 0) throw new Error('there is no worker')
  const viaMain = await connectWhile(t, served.port, workerPid)
  const viaWorker = await connectWhile(t, served.port, mainPid)
  return { ...served, mainPid, workerPid, viaMain, viaWorker }
}

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return list.trim().split(' ').filter(Boolean).map(Number)
}

/** Whether a process is there, dead ones that nobody asked for apart. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(20)
}

/** A connection that was made while a process stood still, and so is not one of its. */
export async function connectWhile(t: TestContext, port: number, standing: number): Promise<Agent> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => {
    agent.destroy()
  })
  process.kill(standing, 'SIGSTOP')
  try {
    await new Promise<void>((resolve, reject) => {
      const headers = { Expect: '100-continue' }
      const asked = request({ port, host: '127.0.0.1', path: '/-/health', agent, headers })
      asked.on('error', reject)
      // A process says so by itself: the connection is taken
      asked.once('continue', () => {
        process.kill(standing, 'SIGCONT')
        asked.end()
      })
      asked.on('response', (answer) => {
        answer.resume()
        answer.once('end', resolve)
      })
      asked.flushHeaders()
    })
  } finally {
    process.kill(standing, 'SIGCONT')
  }
  return agent
}

export const HOST = 'Host: mirror.example\r\n'

export const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

/**
 * The same as bytes: a request for /-/health is on its way there, whose answers, the first of them
 * `CONTINUE`, are the first to come.
 */
export async function connectRawWhile(
  t: TestContext,
  port: number,
  standing: number,
): Promise<Socket> {
  process.kill(standing, 'SIGSTOP')
  try {
    const socket = connect(port, '127.0.0.1')
    t.after(() => socket.destroy())
    socket.write(`GET /-/health HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`)
    // A process says so by itself: the connection is taken
    await once(socket, 'readable')
    return socket
  } finally {
    process.kill(standing, 'SIGCONT')
  }
}
