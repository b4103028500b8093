import { escapeText } from '../../text/escape.js'
import { noticeSender, type SendNotice } from './send-notice.js'

/** What started this process as a service, and wants to know how it does. */
export interface ServiceManager {
  /** Tells that requests are answered, and what is served. */
  readonly ready: (status: string) => void
  /** Tells of a reload from its beginning to its end. */
  readonly reload: (work: () => Promise<void>) => Promise<void>
  /** Tells that the service ends. */
  readonly stopping: () => void
}

export interface ServiceManagerParts {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Hears once what keeps the manager from hearing of us. */
  readonly warn: (message: string) => void
}

/** There is none, or it does not want to know. */
const NOBODY: ServiceManager = {
  ready: () => undefined,
  reload: (work) => work(),
  stopping: () => undefined,
}

/**
 * The service manager that `NOTIFY_SOCKET` tells of, as sd_notify(3) has it. From `ready` on it
 * hears twice in each interval of its watchdog that the main thread is alive.
 */
export function serviceManager({ env, warn }: ServiceManagerParts): ServiceManager {
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
      tell('STOPPING=1\nSTATUS=ending what is under way')
    },
  }
}

/** Sends what is told; when that fails, it is said once. */
function onceFailing(address: string, warn: (message: string) => void): SendNotice {
  let isTold = false
  const complain = (why: string) => {
    if (!isTold)
      warn(`the service manager at ${address} can't be told how this service does: ${why}`)
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

/** Half of the time, in milliseconds, after which the manager takes this process for dead. */
function watchdogPeriod(env: ServiceManagerParts['env']): number | null {
  const microseconds = Number(env['WATCHDOG_USEC'])
  const isMeant = (env['WATCHDOG_PID'] ?? `${process.pid}`) === `${process.pid}`
  return isMeant && microseconds > 0 ? Math.max(1, microseconds / 2000) : null
}
