import { spawn } from 'node:child_process'
import type { Io } from '../../io.js'

/**
 * Starts the user's browser with a file. Resolves to whether that began. The file's path may be
 * seen by everybody, so it must not be a secret.
 */
export function startBrowser(file: string, { env }: Pick<Io, 'env'>): Promise<boolean> {
  const program = browserOf(env)
  if (program === null) return Promise.resolve(false)
  return new Promise((resolve) => {
    const child = spawn(program, [file], { stdio: 'ignore', detached: true })
    child.once('error', () => {
      resolve(false)
    })
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

/** The program that opens files; null without a desktop. */
function browserOf(env: Io['env']): string | null {
  if (process.platform === 'darwin') return 'open'
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? 'xdg-open' : null
}
