import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { patience } from '../../src/fleet/redis/link.js'
import { findFreePort } from './opentracker.js'
import { makeScratch } from './scratch.js'
import { until } from './until.js'

/** The reason to skip a test that needs redis-server; false where it is installed. */
export const WITHOUT_REDIS =
  spawnSync('redis-server', ['--version']).status !== 0 && 'redis-server is not installed'

/** A Redis that a test started. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Its data, and its sockets. */
  readonly directory: string
  /** Sends a command, and returns the answer as redis-cli spells it. */
  readonly send: (...command: string[]) => string
  /** Kills it with SIGKILL, and starts it again on the same port. */
  readonly kill: () => void
  readonly restart: () => Promise<void>
  /** Stops it from answering, and lets it go on. */
  readonly stall: () => void
  readonly resume: () => void
}

/** Starts a Redis on a free port, without files, until the test ends. `args` are more options. */
export async function startRedis(
  t: Parameters<typeof makeScratch>[0],
  args: readonly string[] = [],
): Promise<RedisServer> {
  const { ms } = patience
  // A busy machine may take longer than users are made to wait
  patience.ms = 5000
  t.after(() => {
    patience.ms = ms
  })
  const port = await findFreePort()
  const directory = makeScratch(t)
  let child: ChildProcess
  const start = async () => {
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory]
    child = spawn('redis-server', [...own, ...args], { stdio: 'ignore' })
    await until('redis-server listens', () => isListening(port))
  }
  await start()
  const kill = () => void child.kill('SIGKILL')
  t.after(kill)
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    directory,
    send: (...command) => {
      const { stdout } = spawnSync('redis-cli', ['-p', String(port), ...command])
      return stdout.toString().trim()
    },
    kill,
    restart: async () => {
      kill()
      await until('redis-server is gone', async () => !(await isListening(port)))
      await start()
    },
    stall: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  }
}

/** Whether somebody listens on a port of this machine. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.on('connect', () => {
      end(true)
    })
    socket.on('error', () => {
      end(false)
    })
  })
}
