import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { collectBounded } from '../../disk/look/read-bounded.js'
import { BtkitError, usageError } from '../../base/errors.js'
import type { Io } from '../io.js'

/** The most bytes that are read for a password. */
const MAX_SIZE = 4096

/**
 * Asks for a line on the terminal without showing it.
 * @throws BtkitError `interrupted` on Ctrl-C, or at the end of the input
 */
export function askOnTerminal(prompt: string, { stderr }: Pick<Io, 'stderr'>): Promise<string> {
  // Swallows the echo of what is typed
  const output = new Writable({
    write: (_chunk, _encoding, done) => {
      done()
    },
  })
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  stderr.write(prompt)
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      resolve(line)
      lines.close()
    })
    lines.once('close', () => {
      stderr.write('\n')
      reject(new BtkitError('interrupted', 'interrupted'))
    })
  })
}

/**
 * Returns a new password: typed twice on a terminal, or else the first line of standard input.
 * @throws BtkitError `usage` if the two differ, `interrupted`, `too-large`
 */
export async function readNewPassword(io: Io): Promise<string> {
  const { askSecret } = io
  if (!askSecret) {
    const bytes = await collectBounded(io.stdin, 'standard input', MAX_SIZE)
    return new TextDecoder().decode(bytes).split(/\r?\n/, 1)[0] ?? ''
  }
  const first = await askSecret('Password: ')
  const second = await askSecret('Again: ')
  if (first === second) return first
  throw usageError('the two passwords differ; nothing was changed')
}
