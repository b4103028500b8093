import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../errors.js'
import { createWriter, type Writer } from '../../files/write/many.js'
import { readEditables, type ReadPath } from '../../files/write/read-editables.js'
import {
  prepareEdit,
  type EditContext,
  type EditedFile,
  type EditRequest,
  type PreparedEdit,
} from './file.js'
import { ResultMemory } from './result-memory.js'
import { storeEdit } from './store.js'

/** The outcome for a file: edited and safely on the disk, or failed and as it was. */
export type EditOutcome = (EditedFile & { readonly error: null }) | FailedFile

/** A file that could not be edited, and why. */
export interface FailedFile {
  readonly file: string
  readonly error: Error
}

/** Files to write at a time: enough that the disk syncs many at once. */
const IN_FLIGHT = 256

/** Torrents to begin before anything else has its turn. */
const AT_ONCE = 16

/** Torrents to have in memory at a time, and their bytes. */
const WINDOW = 1024
const WINDOW_BYTES = 48 * 1024 * 1024

/**
 * Edits torrents and yields an outcome for each, in order. One that fails does not stop the others.
 * @throws BtkitError `interrupted` when the signal aborts, after the outcomes of all that was begun
 */
export async function* editFiles(
  files: readonly string[],
  request: EditRequest,
  signal: AbortSignal,
): AsyncGenerator<EditOutcome> {
  const writer = createWriter({ inFlight: IN_FLIGHT })
  const begun = new BegunEdits()
  const context = { request, memory: new ResultMemory() }
  try {
    for await (const some of readEditables(files)) {
      for (const [i, file] of some.entries()) {
        // Gives finished writes and signals their turn
        if (i % AT_ONCE === 0) await setImmediate()
        if (signal.aborted) break
        begun.add(beginEdit(file, context, writer))
        while (begun.isFull || begun.isFirstDone) yield await begun.takeFirst()
      }
      if (signal.aborted) break
    }
    while (begun.count > 0) yield await begun.takeFirst()
  } finally {
    await writer.close()
  }
  if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
}

interface BegunEdit {
  /** Never rejects. */
  readonly outcome: Promise<EditOutcome>
  readonly byteCount: number
}

function beginEdit(read: ReadPath, context: EditContext, writer: Writer): BegunEdit {
  const failed = (error: unknown): FailedFile => {
    return { file: read.path, error: error instanceof Error ? error : new Error(String(error)) }
  }
  try {
    const prepared = prepareEdit(read, context)
    const outcome = endEdit(prepared, context, writer).catch(failed)
    return { outcome, byteCount: prepared.bytes?.length ?? 0 }
  } catch (error) {
    return { outcome: Promise.resolve(failed(error)), byteCount: 0 }
  }
}

/** Times to edit a torrent that others change meanwhile; each of those makes progress. */
const MAX_TRIES = 20

/** Stores an edit. Where the torrent has changed since it was read, what it is now is edited instead. */
async function endEdit(
  first: PreparedEdit,
  context: EditContext,
  writer: Writer,
): Promise<EditOutcome> {
  let prepared = first
  for (let tries = 1; ; tries++) {
    try {
      await storeEdit(prepared, context.request, writer)
      return { ...prepared.edited, error: null }
    } catch (error) {
      const isChanged = error instanceof BtkitError && error.code === 'changed'
      if (!isChanged || tries === MAX_TRIES) throw error
    } finally {
      if (prepared.bytes !== null) context.memory.letGo(prepared.bytes)
    }
    prepared = prepareEdit({ path: first.edited.file, found: null }, context)
  }
}

/** The edits that were begun and are not told of yet, in order. */
class BegunEdits {
  readonly #edits: BegunEdit[] = []
  readonly #done = new Set<BegunEdit>()
  #byteCount = 0

  get count(): number {
    return this.#edits.length
  }

  get isFull(): boolean {
    return this.#edits.length >= WINDOW || this.#byteCount >= WINDOW_BYTES
  }

  get isFirstDone(): boolean {
    const [first] = this.#edits
    return first !== undefined && this.#done.has(first)
  }

  add(edit: BegunEdit): void {
    this.#edits.push(edit)
    this.#byteCount += edit.byteCount
    void edit.outcome.then(() => this.#done.add(edit))
  }

  /** The outcome of the one that was begun first, once it is done. */
  async takeFirst(): Promise<EditOutcome> {
    const first = this.#edits.shift()
    if (!first) throw new Error('no edit was begun')
    const outcome = await first.outcome
    this.#byteCount -= first.byteCount
    this.#done.delete(first)
    return outcome
  }
}
