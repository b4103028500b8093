import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../errors.js'
import { createWriter, type Writer } from '../../files/write/many.js'
import { prepareEdit, storeEdit, type EditedFile, type EditRequest } from './file.js'

/** The outcome for a file: edited and safely on the disk, or failed and as it was. */
export type EditOutcome = (EditedFile & { readonly error: null }) | FailedFile

/** A file that could not be edited, and why. */
export interface FailedFile {
  readonly file: string
  readonly error: Error
}

/** Files to write at a time: enough that the disk syncs many at once. */
const IN_FLIGHT = 32

/** Torrents to have in memory at a time, and their bytes. */
const WINDOW = 64
const WINDOW_BYTES = 256 * 1024 * 1024

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
  const begun: BegunEdit[] = []
  try {
    for (const file of files) {
      // Gives finished writes and signals their turn
      await setImmediate()
      if (signal.aborted) break
      begun.push(beginEdit(file, request, writer))
      while (isFull(begun)) yield* takeFirst(begun)
    }
    while (begun.length > 0) yield* takeFirst(begun)
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

function beginEdit(file: string, request: EditRequest, writer: Writer): BegunEdit {
  const failed = (error: unknown): FailedFile => {
    return { file, error: error instanceof Error ? error : new Error(String(error)) }
  }
  try {
    const prepared = prepareEdit(file, request)
    const done = (): EditOutcome => ({ ...prepared.edited, error: null })
    const byteCount = prepared.bytes?.length ?? 0
    return { outcome: storeEdit(prepared, request, writer).then(done, failed), byteCount }
  } catch (error) {
    return { outcome: Promise.resolve(failed(error)), byteCount: 0 }
  }
}

function isFull(begun: readonly BegunEdit[]): boolean {
  const byteCount = begun.reduce((sum, edit) => sum + edit.byteCount, 0)
  return begun.length >= WINDOW || byteCount >= WINDOW_BYTES
}

async function* takeFirst(begun: BegunEdit[]): AsyncGenerator<EditOutcome> {
  const first = begun.shift()
  if (first) yield await first.outcome
}
