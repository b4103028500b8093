import type { Output, Paint, Io } from '../io.js'

/**
 * How to colour: by chalk when standard error is a terminal, unless NO_COLOR or FORCE_COLOR say
 * otherwise. Where nothing is coloured chalk is not even loaded.
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

/** Whether what is written is seen on a terminal that can take back and colour what it shows. */
export function isScreen(output: Output, env: Io['env']): boolean {
  return output.isTTY === true && env['TERM'] !== 'dumb'
}
