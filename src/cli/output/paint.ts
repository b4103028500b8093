import type { Output, Paint, Io } from '../io.js'

/**
 * Chooses how to colour text. chalk is used if standard error is a terminal, unless NO_COLOR or
 * FORCE_COLOR are set. Without colours chalk is not loaded.
 */
export async function choosePaint(
  env: Readonly<Record<string, string | undefined>>,
  stderr: Output,
): Promise<Paint> {
  if (!wantsColour(env, stderr)) return (_colour, text) => text
  const { Chalk } = await import('chalk')
  const chalk = new Chalk({ level: 1 })
  return (colour, text) => chalk[colour](text)
}

function wantsColour(env: Readonly<Record<string, string | undefined>>, stderr: Output): boolean {
  if (env['NO_COLOR']) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isScreen(stderr, env)
}

/** Whether output goes to a terminal that supports colours and cursor movement. */
export function isScreen(output: Output, env: Io['env']): boolean {
  return output.isTTY === true && env['TERM'] !== 'dumb'
}
