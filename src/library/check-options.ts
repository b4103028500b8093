import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { BtkitError, callSystem } from '../base/errors.js'
import { plainUrl } from '../metainfo/trackers.js'

/** Default, least and most of each number. */
export type Ranges<T> = { readonly [K in keyof T]: readonly [number, number, number] }

/** Numbers as callers may give them. */
type Given<T> = { readonly [K in keyof T]?: number | undefined }

/**
 * Returns numbers, with the defaults of those that are not given.
 * @throws BtkitError `usage` for a number outside its range
 */
export function checkedNumbers<T>(given: Given<T>, ranges: Ranges<T>): { [K in keyof T]: number } {
  const checked = {} as { [K in keyof T]: number }
  for (const name in ranges) {
    const [standard, least, most] = ranges[name]
    const value = given[name] ?? standard
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw new BtkitError('usage', `${name} ${String(value)}: not from ${least} to ${most}`)
    }
    checked[name] = value
  }
  return checked
}

/**
 * Makes sure that all options have a known name.
 * @throws BtkitError `usage`
 */
export function onlyKnown(options: object, known: readonly string[]): void {
  const odd = Object.keys(options).find((name) => !known.includes(name))
  if (odd !== undefined) {
    throw new BtkitError('usage', `${odd}: no such option; use ${known.join(', ')}`)
  }
}

/**
 * Makes sure that an argument is a path: programs in JavaScript may give anything.
 * @throws BtkitError `usage`
 */
export function requirePath(path: unknown, name: string): void {
  if (typeof path !== 'string') throw new BtkitError('usage', `${name}: not a path; give a string`)
}

/**
 * Makes sure that an argument is an array. The characters of a text would be taken for its elements.
 * @throws BtkitError `usage`
 */
export function requireArray(list: unknown, name: string): void {
  if (!Array.isArray(list)) throw new BtkitError('usage', `${name}: not a list; give an array`)
}

const LISTS = ['webSeeds', 'httpSeeds', 'nodes', 'include', 'exclude']

/**
 * Makes sure that the options of torrents have known names, and that lists are arrays.
 * @throws BtkitError `usage`
 */
export function checkTorrentOptions(options: object, known: readonly string[]): void {
  onlyKnown(options, known)
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && LISTS.includes(name)) requireArray(value, name)
}

/**
 * Makes sure that an argument is an array of paths.
 * @throws BtkitError `usage`
 */
export function requirePaths(paths: unknown, name: string): void {
  requireArray(paths, name)
  for (const path of paths as readonly unknown[]) requirePath(path, name)
}

/**
 * Returns the absolute path of a directory that exists.
 * @throws BtkitError `usage` or `not-found`
 */
export function checkDirectory(path: string, name: string): string {
  if (typeof path !== 'string' || path === '') {
    throw new BtkitError('usage', `${name}: not a path; give that of a directory`)
  }
  const stats = callSystem(`${name} ${path}`, () => statSync(path, { throwIfNoEntry: false }))
  if (!stats?.isDirectory()) throw new BtkitError('not-found', `${name} ${path}: no such directory`)
  return resolve(path)
}

/**
 * Returns a public URL without a slash at its end; null for none.
 * @throws BtkitError `usage`
 */
export function checkPublicUrl(text: string | undefined): string | null {
  if (text === undefined) return null
  const url = plainUrl(text)
  if (url !== null) return url
  throw new BtkitError(
    'usage',
    `publicUrl ${text}: not an http or https URL without ?, #, user and password`,
  )
}
