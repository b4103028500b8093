import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { executable } from '../../support/executable.js'
import { findFreePort } from '../../support/opentracker.js'
import { isListening, type RedisServer } from '../../support/redis.js'
import { until } from '../../support/until.js'
import { startCuttingProxy, type CuttingProxy } from './cutting-proxy.js'

/** A btkit that runs until the test ends, or kills it, and its connections to Redis. */
export interface Service {
  readonly name: string
  /** Such as `http://127.0.0.1:12345`. */
  readonly address: string
  readonly proxy: CuttingProxy
  /** How often it was killed. */
  readonly kills: number
  readonly isRunning: boolean
  /** Kills it with SIGKILL. */
  readonly kill: () => Promise<void>
  /** Starts it again if it was killed; fails if it ended by itself. */
  readonly revive: () => Promise<void>
}

export interface ServiceSetup {
  readonly name: string
  readonly redis: RedisServer
  /** The command line, given its port and the URL of Redis. */
  readonly args: (port: number, url: string) => readonly string[]
  /** The script to run; by default btkit's. */
  readonly program?: string
  /** Whether it works; by default, whether it listens. */
  readonly isUp?: () => boolean
}

/** Starts a service. */
export async function startService(t: TestContext, setup: ServiceSetup): Promise<Service> {
  const { name, redis, args, program = executable('btkit') } = setup
  const port = await findFreePort()
  const proxy = await startCuttingProxy(t, redis.port)
  let child: ChildProcess
  let stderr = ''
  const start = async () => {
    child = spawn(process.execPath, [program, ...args(port, proxy.url)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
    await until(`${name} works`, setup.isUp ?? (() => isListening(port)))
  }
  await start()
  t.after(() => child.kill('SIGKILL'))
  const state = { kills: 0 }
  return {
    name,
    proxy,
    address: `http://127.0.0.1:${port}`,
    get kills() {
      return state.kills
    },
    get isRunning() {
      return !child.killed
    },
    kill: async () => {
      if (child.killed) return
      state.kills += 1
      const ended = once(child, 'exit')
      // False if it ended by itself, which `revive` reports
      if (child.kill('SIGKILL')) await ended
    },
    revive: async () => {
      assert.equal(child.exitCode, null, `${name} ended by itself: ${stderr.slice(-2000)}`)
      if (child.killed) await start()
    },
  }
}
