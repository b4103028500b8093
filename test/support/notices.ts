import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { loadNative } from '../../src/base/native-addon.js'
import { unlessInstalled } from './peers.js'

const SCRIPT = `
import json, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
address = sys.argv[1]
listener.bind('\\0' + address[1:] if address.startswith('@') else address)
print('listening', flush=True)
while True:
    print(json.dumps(listener.recv(65536).decode()), flush=True)
`

/** For tests of what the native addon tells a service manager, for which Python stands here. */
export const unlessNotices = {
  skip:
    (process.platform !== 'linux' && 'there is no systemd') ||
    (loadNative('sendDatagram') === null && 'the native addon is not built') ||
    unlessInstalled('python3').skip,
}

/** The notices that a service manager receives. */
export interface Notices {
  /** The next notice, by its lines. */
  readonly next: () => Promise<readonly string[]>
}

/**
 * Listens on a Unix socket for notices as a service manager does, which Node can't, until the test
 * ends.
 */
export async function listenForNotices(t: TestContext, address: string): Promise<Notices> {
  const python = spawn('python3', ['-c', SCRIPT, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => python.kill('SIGKILL'))
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const nextLine = async () => {
    const line = await lines.next()
    if (line.done) throw new Error('the listener has ended')
    return line.value
  }
  await nextLine()
  return { next: async () => (JSON.parse(await nextLine()) as string).split('\n') }
}
