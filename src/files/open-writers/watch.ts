import { close, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { osCodeOf } from '../../errors.js'
import { writersAddon, type WritersAddon } from './lease.js'

/** Reports files that were written to since the watch began. */
export interface WriteWatch {
  /**
   * Returns the paths of files that were written to or removed so far. Files that cannot be watched
   * are never included: systems limit the number of watches, and some systems have none.
   */
  written(): ReadonlySet<string>
  /** Resolves when the system has removed its watches, which takes some time. */
  close(): Promise<void>
}

/** Paths for each call, because the event loop processes their names. */
const BATCH = 1000

/**
 * Watches files with inotify(7) from the moment when this resolves. Links are not followed. A write
 * that began earlier is reported when it ends, and a mapping when it is removed. A write that goes
 * on all the time is not reported; only a lease detects that.
 */
export async function watchWrites(
  paths: readonly string[],
  addon: WritersAddon | null = writersAddon,
): Promise<WriteWatch> {
  // A user may have only a few such descriptors
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

/** A watch that reports nothing. */
const BLIND: WriteWatch = { written: () => new Set(), close: () => Promise.resolve() }

/**
 * From <sys/inotify.h>. An event has four words. The last is the length of a name, which is 0 for
 * files.
 */
const IN_Q_OVERFLOW = 0x4000
const EVENT_WORDS = 4

class InotifyWatch implements WriteWatch {
  readonly #paths = new Map<number, string[]>()
  readonly #written = new Set<string>()
  readonly #events = new Int32Array(1024 * EVENT_WORDS)

  constructor(readonly descriptor: number) {}

  /** Stores which paths belong to a watch number. Several names of one file share a number. */
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

  /** Reads events. Returns the number of their words. */
  #read(): number {
    try {
      return readSync(this.descriptor, this.#events) / Int32Array.BYTES_PER_ELEMENT
    } catch (error) {
      if (osCodeOf(error) === 'EAGAIN') return 0
      throw error
    }
  }

  /** Processes an event. If events were lost, every file may have been written to. */
  #note(number: number, mask: number): void {
    const paths = mask & IN_Q_OVERFLOW ? [...this.#paths.values()].flat() : this.#paths.get(number)
    for (const path of paths ?? []) this.#written.add(path)
  }
}

const closeAsync = promisify(close)

let lastClose = Promise.resolve()

/**
 * Closes a descriptor of inotify. The kernel may wait half a second until no processor uses the
 * watches. Therefore this runs on one thread of the pool at a time, not on the event loop.
 */
function closeInTurn(descriptor: number): Promise<void> {
  lastClose = lastClose.then(() => closeAsync(descriptor)).catch(() => undefined)
  return lastClose
}
