import type { Io } from '../io.js'
import { escapeText } from '../../base/text/escape.js'
import { spawn } from 'node:child_process'
import { getSystemErrorName } from 'node:util'
import { loadNative } from '../../base/native-addon.js'

/** The service manager that started this process and monitors it. */
export interface ServiceManager {
  /** Reports that requests are answered, and what is served. */
  readonly ready: (status: string) => void
  /** Reports a reload from beginning to end. */
  readonly reload: (work: () => Promise<void>) => Promise<void>
  /** Reports that the service is stopping. */
  readonly stopping: () => void
}

/** Does nothing: there is no manager, or it needs no notices. */
const NOBODY: ServiceManager = {
  ready: () => undefined,
  reload: (work) => work(),
  stopping: () => undefined,
}

/**
 * The service manager at `NOTIFY_SOCKET`, as in sd_notify(3). After `ready` it is notified twice
 * per watchdog interval that the main thread is alive. Receives one warning if it cannot be
 * reached.
 */
export function serviceManager(env: Io['env'], warn: (message: string) => void): ServiceManager {
  const address = env['NOTIFY_SOCKET']
  if (address === undefined || !/^[/@]./.test(address)) return NOBODY
  const tell = onceFailing(address, warn)
  const period = watchdogPeriod(env)
  let timer: NodeJS.Timeout | null = null
  return {
    ready: (status) => {
      tell(`READY=1\nSTATUS=${escapeText(status)}`)
      if (period === null) return
      tell('WATCHDOG=1')
      timer = setInterval(() => {
        tell('WATCHDOG=1')
      }, period).unref()
    },
    reload: async (work) => {
      const microseconds = process.hrtime.bigint() / 1000n
      tell(`RELOADING=1\nMONOTONIC_USEC=${microseconds}`)
      await work().finally(() => {
        tell('READY=1')
      })
    },
    stopping: () => {
      if (timer) clearInterval(timer)
      tell('STOPPING=1\nSTATUS=finishing current requests')
    },
  }
}

/** Sends notices. The first failure is reported, later ones are not. */
function onceFailing(address: string, warn: (message: string) => void): SendNotice {
  let isTold = false
  const complain = (why: string) => {
    if (!isTold) warn(`cannot notify the service manager at ${address}: ${why}`)
    isTold = true
  }
  const send = noticeSender(address, complain)
  return (text) => {
    try {
      send(text)
    } catch (error) {
      complain((error as Error).message)
    }
  }
}

/** Half of the watchdog interval, in milliseconds; null without a watchdog. */
function watchdogPeriod(env: Io['env']): number | null {
  const microseconds = Number(env['WATCHDOG_USEC'])
  const isMeant = (env['WATCHDOG_PID'] ?? `${process.pid}`) === `${process.pid}`
  return isMeant && microseconds > 0 ? Math.max(1, microseconds / 2000) : null
}

/** Sends lines such as `READY=1` to the service manager. Throws if that fails. */
type SendNotice = (text: string) => void

/**
 * Creates a sender of notices to a socket address, as in sd_notify(3). It uses the native addon, or
 * else systemd-notify(1), whose later failures go to `onError`.
 */
function noticeSender(address: string, onError: (why: string) => void): SendNotice {
  // Node lacks datagrams to such addresses
  type Addon = { readonly sendDatagram: (address: string, text: string) => number }
  const addon = loadNative<Addon>('sendDatagram')
  if (!addon) return sendByProgram(address, onError)
  return (text) => {
    const error = addon.sendDatagram(address, text)
    if (error !== 0) throw new Error(getSystemErrorName(-error))
  }
}

/** Sends each notice by a process of its own. The manager must accept notices from it. */
export function sendByProgram(address: string, onError: (why: string) => void): SendNotice {
  return (text) => {
    const args = [`--pid=${process.pid}`, ...text.split('\n')]
    const env = { ...process.env, NOTIFY_SOCKET: address }
    const child = spawn('systemd-notify', args, { env, stdio: 'ignore' })
    child.unref()
    child.once('error', () => {
      onError('needs the native addon of btkit or systemd-notify')
    })
    child.once('exit', (status) => {
      if (status !== 0) onError(`systemd-notify failed with status ${status}`)
    })
  }
}
