import { randomBytes } from 'node:crypto'
import { lstatSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '../../base/bytes.js'
import { removeFile } from '../../base/directories.js'
import { callSystem, valueOr } from '../../base/errors.js'
import { isRunning } from '../../base/process.js'
import { html } from '../../base/text/html.js'

/** Random bytes of a key: nobody guesses 128 bits. */
const KEY_BYTES = 16

/** The file that leads to the pages, in a directory of its own. */
const FILE = 'btkit.html'

/**
 * The way into a window. An address that a browser is started with is visible to everybody on the
 * machine, so a browser gets the path of a file that only the user can read. The file leads to a
 * key that works once.
 */
export class Entrance {
  /** The path of all pages, which is secret. */
  readonly prefix = `/${newKey()}`
  #once = newKey()
  readonly #directory: string
  #address = ''

  /** `runtimeDirectory` is private to the user; by default one is made. */
  constructor(runtimeDirectory: string | undefined) {
    const parent = runtimeDirectory ?? tmpdir()
    removeDead(parent)
    const begin = join(parent, `btkit-gui-${hostKey()}-${process.pid}-`)
    this.#directory = callSystem(parent, () => mkdtempSync(begin))
  }

  /** The file that leads to the pages; only the user can read it. */
  get file(): string {
    return join(this.#directory, FILE)
  }

  /** A URL that leads to the pages once. */
  get address(): string {
    return `${this.#address}/open/${this.#once}`
  }

  /** Writes the file for a server at `address`. */
  begin(address: string): void {
    this.#address = address
    this.#write()
  }

  /** Whether `key` opens the pages. Each key does so once. */
  admit(key: string): boolean {
    if (key !== this.#once) return false
    this.#once = newKey()
    this.#write()
    return true
  }

  end(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #write(): void {
    const page = html`<!doctype html>
      <meta charset="utf-8" />
      <meta name="referrer" content="no-referrer" />
      <title>btkit</title>
      <meta http-equiv="refresh" content="0; url=${this.address}" />
      <p><a href="${this.address}">Open btkit</a></p>`
    removeFile(this.file)
    callSystem(this.file, () => {
      writeFileSync(this.file, page.text, { mode: 0o600, flag: 'wx' })
    })
  }
}

function newKey(): string {
  return randomBytes(KEY_BYTES).toString('hex')
}

/** Tells this host apart from others that see the same directory, such as containers. */
function hostKey(): string {
  return digestOf('sha256', hostname()).toString('hex', 0, 4)
}

/**
 * Removes the directories of windows whose programs were killed. Nothing else in them is removed.
 */
function removeDead(parent: string): void {
  for (const name of valueOr([], () => callSystem(parent, () => readdirSync(parent)))) {
    const [, host, pid] = /^btkit-gui-([0-9a-f]{8})-(\d+)-\w{6}$/.exec(name) ?? []
    if (host !== hostKey() || isRunning(Number(pid))) continue
    const directory = join(parent, name)
    try {
      const stats = lstatSync(directory)
      const isOwn = stats.isDirectory() && stats.uid === (process.geteuid?.() ?? stats.uid)
      // Elsewhere others could have put a link to any file
      if (!isOwn || (stats.mode & 0o022) !== 0) continue
      removeFile(join(directory, FILE))
      rmdirSync(directory)
    } catch {
      // It belongs to somebody else, or is in use otherwise
    }
  }
}
