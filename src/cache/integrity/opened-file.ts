import { closeSync, existsSync, fstatSync, openSync } from 'node:fs'
import { markClosed } from './clean-mark.js'
import { holdFile, inodeOf, isHeld } from './holders.js'

/** The file that a store was opened in, whatever has its name by now. */
export class OpenedFile {
  readonly #path: string
  /** As long as it is open, no other file has its inode. */
  readonly #descriptor: number
  readonly #inode: bigint
  readonly #release: () => void

  constructor(path: string) {
    this.#path = path
    this.#descriptor = openSync(path, 'r')
    this.#inode = fstatSync(this.#descriptor, { bigint: true }).ino
    this.#release = holdFile(path, this.#inode)
  }

  /**
   * Lets go of it once its store is closed. Marks it as closed if it is sound and nobody else has it
   * open; one that took its place, as it was set aside or removed, is left to those who use that.
   */
  close(isSound: boolean): void {
    this.#release()
    try {
      if (isSound && this.#isUnused()) markClosed(this.#path)
    } finally {
      closeSync(this.#descriptor)
    }
  }

  #isUnused(): boolean {
    const path = this.#path
    return existsSync(path) && inodeOf(path) === this.#inode && !isHeld(path, this.#inode)
  }
}
