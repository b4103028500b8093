import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CommandUnknownOpts, OptionValues } from '@commander-js/extra-typings'
import { BtkitError } from '../../base/errors.js'
import type { Io } from '../io.js'
import { reportNote, reportWarning } from '../output/messages.js'

/**
 * Expands patterns among paths where no shell did: in quotes, a configuration or a batch. A path
 * that exists is literal, and so is a URL. Without patterns it reads nothing. Entries that cannot
 * be looked at are reported.
 * @throws BtkitError `not-found` for a pattern that matches nothing, and as expandGlob
 */
export async function expandPaths(
  paths: readonly string[],
  io: Io,
  onMatch: (pattern: string, path: string) => void = () => undefined,
): Promise<string[]> {
  const expanded: string[] = []
  for (const path of paths) {
    // A scheme begins a tracker or a magnet link; one letter is a drive of Windows
    const mayBePattern = /[*?[]/.test(path) && !/^\s*[a-z][a-z0-9+.-]+:/i.test(path)
    if (!mayBePattern || existsSync(resolve(io.cwd, path))) {
      expanded.push(path)
      continue
    }
    const { expandGlob } = await import('../../disk/scan/expand-glob.js')
    const found = expandGlob(path, io.cwd, ({ message }) => {
      reportWarning(message, io)
    })
    if (found.length === 0)
      throw new BtkitError('not-found', `${path}: no such file, and the pattern matches none`)
    for (const each of found) onMatch(path, each)
    expanded.push(...found)
  }
  return expanded
}

/**
 * Expands the operands of a command that takes several paths. A command that changes or removes
 * something, which has `--dry-run`, names each file, because nobody has typed it.
 */
export async function expandOperands(
  command: CommandUnknownOpts,
  { operands, values }: { readonly operands: readonly string[]; readonly values: OptionValues },
  io: Io,
): Promise<readonly string[]> {
  const isList = command.registeredArguments.at(-1)?.variadic === true
  if (!isList) return operands
  const isChange = command.options.some(({ long }) => long === '--dry-run')
  const isNamed = isChange && values['quiet'] !== true
  return expandPaths(operands, io, (pattern, path) => {
    if (isNamed) reportNote(`pattern ${pattern}: ${path}`, io)
  })
}
