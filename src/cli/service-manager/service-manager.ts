import { escapeText } from '../../text/escape.js'
import { noticeSender, type SendNotice } from './send-notice.js'

/** The service manager that started this process and monitors it. */
export interface ServiceManager {
  /** Reports that requests are answered, and what is served. */
  readonly ready: (status: string) => void
  /** Reports a reload from beginning to end. */
  readonly reload: (work: () => Promise<void>) => Promise<void>
  /** Reports that the service is stopping. */
  readonly stopping: () => void
}

export interface ServiceManagerParts {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Receives one warning if the manager cannot be reached. */
  readonly warn: (message: string) => void
}

/** Does nothing: there is no manager, or it needs no notices. */
const NOBODY: ServiceManager = {
  ready: () => undefined,
  reload: (work) => work(),
  stopping: () => undefined,
}

/**
 * The service manager at `NOTIFY_SOCKET`, as in sd_notify(3). After `ready` it is notified twice
 * per watchdog interval that the main thread is alive.
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
function watchdogPeriod(env: ServiceManagerParts['env']): number | null {
  const microseconds = Number(env['WATCHDOG_USEC'])
  const isMeant = (env['WATCHDOG_PID'] ?? `${process.pid}`) === `${process.pid}`
  return isMeant && microseconds > 0 ? Math.max(1, microseconds / 2000) : null
}
