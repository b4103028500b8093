import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of a program, or null where it is not installed. */
export function findPeer(name: string): string | null {
  const directories = (process.env['PATH'] ?? '').split(delimiter)
  return directories.map((directory) => join(directory, name)).find(isExecutable) ?? null
}

/** For tests that need another program. */
export function unlessInstalled(name: string): { skip: string | false } {
  return { skip: findPeer(name) === null && `${name} is not installed` }
}

/** Why a test is skipped that is about what some versions of a program do. */
export function unlessVersion(name: string, version: RegExp, flag = '--version'): string | false {
  const path = findPeer(name)
  if (path === null) return `${name} is not installed`
  const { stdout, stderr } = spawnSync(path, [flag], { encoding: 'utf8' })
  return !version.test(stdout + stderr) && `${name} is of another version`
}

/** A Python that can import libtorrent: Debian's sees Debian's packages, another may not. */
export const libtorrentPython = ['/usr/bin/python3', 'python3'].find(canImportLibtorrent) ?? null

/** For tests that need libtorrent. */
export const unlessLibtorrent = {
  skip: libtorrentPython === null && 'python3-libtorrent is not installed',
}

function canImportLibtorrent(python: string): boolean {
  return spawnSync(python, ['-c', 'import libtorrent'], { stdio: 'ignore' }).status === 0
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
