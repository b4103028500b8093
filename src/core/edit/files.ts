import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../base/errors.js'
import { shownPath, type FilePlace } from '../../disk/write/directory.js'
import { Writer } from '../../disk/write/many.js'
import {
  prepareEdit,
  storeEdit,
  type EditedFile,
  type EditRequest,
  type PreparedEdit,
} from './file.js'

/** The outcome for a file: edited and synced, or failed and unchanged. */
export type EditOutcome = (EditedFile & { readonly error: null }) | FailedFile

/** A file that could not be edited, with the error. */
export interface FailedFile {
  readonly file: string
  readonly error: Error
}

/** Number of concurrent writes, so that the disk syncs many at once. */
const IN_FLIGHT = 1024

/** Number of torrents to begin before other work runs. */
const AT_ONCE = 16

/** Limits of torrents in memory: their number and their bytes. */
const WINDOW = 1024
const WINDOW_BYTES = 48 * 1024 * 1024

/**
 * Edits torrents, and yields an outcome for each, in order. A failure does not stop the others.
 * @throws BtkitError `interrupted` if the signal aborts, after the outcomes of all begun edits
 */
export async function* editFiles(
  files: readonly FilePlace[],
  request: EditRequest,
  signal: AbortSignal,
): AsyncGenerator<EditOutcome> {
  const writer = new Writer(IN_FLIGHT)
  const begun: BegunEdit[] = []
  let byteCount = 0
  const isFull = () => begun.length >= WINDOW || byteCount >= WINDOW_BYTES
  try {
    for (const [i, file] of files.entries()) {
      // Lets finished writes and signals be processed
      if (i % AT_ONCE === 0) await setImmediate()
      if (signal.aborted) break
      const edit = beginEdit(file, request, writer)
      void edit.outcome.then(() => (edit.isDone = true))
      byteCount += edit.byteCount
      begun.push(edit)
      for (let [first] = begun; first && (first.isDone || isFull()); [first] = begun) {
        const outcome = await first.outcome
        byteCount -= first.byteCount
        begun.shift()
        yield outcome
      }
    }
    for (const { outcome } of begun.splice(0)) yield await outcome
  } finally {
    await writer.close()
  }
  if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
}

interface BegunEdit {
  /** Never rejects. */
  readonly outcome: Promise<EditOutcome>
  readonly byteCount: number
  isDone: boolean
}

function beginEdit(file: FilePlace, request: EditRequest, writer: Writer): BegunEdit {
  const failed = (error: unknown): FailedFile => {
    return {
      file: shownPath(file),
      error: error instanceof Error ? error : new Error(String(error)),
    }
  }
  try {
    const prepared = prepareEdit(file, request)
    const outcome = endEdit(prepared, request, writer).catch(failed)
    return { outcome, byteCount: prepared.bytes?.length ?? 0, isDone: false }
  } catch (error) {
    return { outcome: Promise.resolve(failed(error)), byteCount: 0, isDone: true }
  }
}

/** Number of attempts if other programs change the torrent meanwhile. */
const MAX_TRIES = 20

/** Stores an edit. If the torrent has changed since it was read, edits the new version instead. */
async function endEdit(
  first: PreparedEdit,
  request: EditRequest,
  writer: Writer,
): Promise<EditOutcome> {
  let prepared = first
  for (let tries = 1; ; tries++) {
    try {
      await storeEdit(prepared, request, writer)
      return { ...prepared.edited, error: null }
    } catch (error) {
      const isChanged = error instanceof BtkitError && error.code === 'changed'
      if (!isChanged || tries === MAX_TRIES) throw error
    }
    prepared = prepareEdit(first.place, request)
  }
}
