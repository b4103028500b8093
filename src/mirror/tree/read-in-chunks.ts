import type { Dirent } from 'node:fs'
import { opendir } from 'node:fs/promises'

/** A name in a directory, with its kind if the directory contains that. */
export interface DirectoryEntry {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'unknown'
}

/** Entries that are read at once. */
const CHUNK = 512

/** Reads the entries of a directory, some hundreds at a time. Throws the system's errors. */
export async function* readInChunks(path: string): AsyncGenerator<readonly DirectoryEntry[]> {
  let chunk: DirectoryEntry[] = []
  for await (const entry of await opendir(path, { bufferSize: CHUNK })) {
    chunk.push({ name: entry.name, kind: kindOf(entry) })
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = []
  }
  yield chunk
}

function kindOf(entry: Dirent): DirectoryEntry['kind'] {
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : 'unknown'
}
