import { close, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { osCodeOf } from '../../errors.js'
import { writersAddon, type WritersAddon } from './lease.js'

/** Tells of writes to files that ended, or whose writer went, since the watch began. */
export interface WriteWatch {
  /**
   * The paths of those that were written to, or removed, so far. What is not watched is never among them: a
   * system has a limit for watches, and not every system has them.
   */
  written(): ReadonlySet<string>
  /** Resolves when the system has given up its watches, which takes it a while. */
  close(): Promise<void>
}

/** So many at a call, since their names are gone through on the event loop. */
const BATCH = 1000

/**
 * Watches files by inotify(7), links not followed, from the moment this resolves on. A write that
 * began before is told of as well, at its end; a mapping when it is given up. Not told of is what
 * goes on all the while: only a lease tells of that.
 */
export async function watchWrites(
  paths: readonly string[],
  addon: WritersAddon | null = writersAddon,
): Promise<WriteWatch> {
  // A user may have few such descriptors at once
  if (addon === null || paths.length === 0) return BLIND
  const descriptor = addon.openWriteWatch()
  if (descriptor < 0) return BLIND
  const watch = new InotifyWatch(descriptor)
  try {
    for (let from = 0; from < paths.length; from += BATCH) {
      const batch = paths.slice(from, from + BATCH)
      watch.expect(batch, await addon.watchWrites(descriptor, batch))
    }
  } catch (error) {
    await watch.close()
    throw error
  }
  return watch
}

/** A watch that sees nothing. */
const BLIND: WriteWatch = { written: () => new Set(), close: () => Promise.resolve() }

/** From <sys/inotify.h>. An event is four words, the last the length of a name, which files lack. */
const IN_Q_OVERFLOW = 0x4000
const EVENT_WORDS = 4

class InotifyWatch implements WriteWatch {
  readonly #paths = new Map<number, string[]>()
  readonly #written = new Set<string>()
  readonly #events = new Int32Array(1024 * EVENT_WORDS)

  constructor(readonly descriptor: number) {}

  /** Notes which files the numbers of events mean. Names of one file share one. */
  expect(paths: readonly string[], numbers: Int32Array): void {
    numbers.forEach((number, i) => {
      const path = paths[i]
      if (number < 0 || path === undefined) return
      this.#paths.set(number, [...(this.#paths.get(number) ?? []), path])
    })
  }

  written(): ReadonlySet<string> {
    for (let words = this.#read(); words > 0; words = this.#read()) {
      for (let at = 0; at < words; at += EVENT_WORDS) {
        this.#note(this.#events[at] ?? 0, this.#events[at + 1] ?? 0)
      }
    }
    return this.#written
  }

  close(): Promise<void> {
    return closeInTurn(this.descriptor)
  }

  /** How many words of events there are now. */
  #read(): number {
    try {
      return readSync(this.descriptor, this.#events) / Int32Array.BYTES_PER_ELEMENT
    } catch (error) {
      if (osCodeOf(error) === 'EAGAIN') return 0
      throw error
    }
  }

  /** When events were lost, each file may have been written to. */
  #note(number: number, mask: number): void {
    const paths = mask & IN_Q_OVERFLOW ? [...this.#paths.values()].flat() : this.#paths.get(number)
    for (const path of paths ?? []) this.#written.add(path)
  }
}

const closeAsync = promisify(close)

let lastClose = Promise.resolve()

/**
 * Closes a descriptor of inotify. The kernel waits meanwhile, at times for half a second, until no
 * processor uses the watches any more: not on the event loop, nor on many threads of the pool at once.
 */
function closeInTurn(descriptor: number): Promise<void> {
  lastClose = lastClose.then(() => closeAsync(descriptor)).catch(() => undefined)
  return lastClose
}
