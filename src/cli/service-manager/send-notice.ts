import { spawn } from 'node:child_process'
import { getSystemErrorName } from 'node:util'
import { loadNative } from '../../native-addon.js'

/** Sends lines such as `READY=1` to the service manager. Throws if that fails. */
export type SendNotice = (text: string) => void

/** The functions of the native addon for datagrams, which Node lacks. */
interface DatagramAddon {
  readonly sendDatagram: (address: string, text: string) => number
}

/**
 * Creates a sender of notices to a socket address, as in sd_notify(3). It uses the native addon, or
 * else systemd-notify(1), whose later failures go to `onError`.
 */
export function noticeSender(address: string, onError: (why: string) => void): SendNotice {
  const addon = loadNative<DatagramAddon>('sendDatagram')
  return addon ? sendBy(addon, address) : sendByProgram(address, onError)
}

function sendBy(addon: DatagramAddon, address: string): SendNotice {
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
