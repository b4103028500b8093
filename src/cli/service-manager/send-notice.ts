import { spawn } from 'node:child_process'
import { getSystemErrorName } from 'node:util'
import { loadNative } from '../../native-addon.js'

/** Tells the service manager lines such as `READY=1`; what went wrong is what it throws. */
export type SendNotice = (text: string) => void

/** The part of the native addon that sends datagrams, which Node does not. */
interface DatagramAddon {
  readonly sendDatagram: (address: string, text: string) => number
}

/**
 * What sends notices to the socket at an address, as sd_notify(3) has it: the native addon, or
 * where that is not built systemd-notify(1), whose failures are given to `onError` later.
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

/** Sends notices by a process for each, which the manager must let speak for this one. */
export function sendByProgram(address: string, onError: (why: string) => void): SendNotice {
  return (text) => {
    const args = [`--pid=${process.pid}`, ...text.split('\n')]
    const env = { ...process.env, NOTIFY_SOCKET: address }
    const child = spawn('systemd-notify', args, { env, stdio: 'ignore' })
    child.unref()
    child.once('error', () => {
      onError('neither the native part of btkit nor systemd-notify is there')
    })
    child.once('exit', (status) => {
      if (status !== 0) onError(`systemd-notify failed with status ${status}`)
    })
  }
}
