import { BtkitError } from '../../../base/errors.js'
import { changeText, readText } from '../../../disk/write/change-file.js'

/** The largest file that is edited, in bytes. */
const MAX_SIZE = 16 * 1024 * 1024

/** A ban: an address, range or info hash, and the comment above it. */
export interface Ban {
  readonly value: string
  /** The user and the reason; empty if another program or an editor wrote it. */
  readonly comment: string
}

/**
 * A file of bans, one per line, which the tracker reads. A line before a ban that begins with # is
 * its comment. All other lines stay as they are, and so does the comment of several bans.
 */
export class BanList {
  constructor(private readonly path: string) {}

  /**
   * The bans, in the order of the file.
   * @throws BtkitError if the file cannot be read
   */
  async list(): Promise<Ban[]> {
    const lines = this.#linesOf(await readText(this.path, MAX_SIZE))
    return lines.flatMap((line, at) => {
      const value = line.trim()
      if (value === '' || value.startsWith('#')) return []
      const before = lines[at - 1]?.trim() ?? ''
      return [{ value, comment: before.startsWith('#') ? before.slice(1).trim() : '' }]
    })
  }

  /**
   * Adds a ban. Both texts must be single lines.
   * @throws BtkitError `exists`, or if the file cannot be written
   */
  add({ value, comment }: Ban): Promise<void> {
    return this.#change((lines) => {
      if (lines.some((line) => line.trim() === value))
        throw new BtkitError('exists', `${value}: is banned already`)
      return [...lines, `# ${comment}`, value]
    })
  }

  /**
   * Removes a ban and its comment.
   * @throws BtkitError `not-found`, or if the file cannot be written
   */
  remove(value: string): Promise<void> {
    return this.#change((lines) => {
      const at = value.startsWith('#') ? -1 : lines.findIndex((line) => line.trim() === value)
      if (value === '' || at === -1) throw new BtkitError('not-found', `${value}: is not banned`)
      const next = lines[at + 1]?.trim() ?? ''
      const isOfMany = next !== '' && !next.startsWith('#')
      const isOwn = lines[at - 1]?.trim().startsWith('#') === true && !isOfMany
      const from = isOwn ? at - 1 : at
      return [...lines.slice(0, from), ...lines.slice(at + 1)]
    })
  }

  #change(change: (lines: readonly string[]) => string[]): Promise<void> {
    return changeText(this.path, MAX_SIZE, (text) => `${change(this.#linesOf(text)).join('\n')}\n`)
  }

  #linesOf(text: string | null): string[] {
    if (text === null) throw new BtkitError('not-found', `${this.path}: no such file or directory`)
    return text.trim() === '' ? [] : text.trimEnd().split('\n')
  }
}
