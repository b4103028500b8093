import type { Io, Output } from '../io.js'

/** Whether what is written is seen on a terminal that can take back and colour what it shows. */
export function isScreen(output: Output, env: Io['env']): boolean {
  return output.isTTY === true && env['TERM'] !== 'dumb'
}
