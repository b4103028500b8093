import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type ContentStream } from '../../../src/disk/hash/stream/content-stream.js'
import { concatenateFiles } from './concatenate.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'

/** Files on a disk and the stream they make. */
export interface PlantedStream {
  readonly directory: string
  readonly paths: readonly string[]
  readonly contents: readonly Uint8Array[]
  readonly stream: ContentStream
}

/** Plants files of these sizes, each with content of its own, and lays them as a stream. */
export function plantStream(
  t: TestContext,
  sizes: readonly number[],
  pieceLength: number,
): PlantedStream {
  const contents = sizes.map((size, i) => pseudoRandom(size, i))
  const names = sizes.map((_, i) => `${i}.bin`)
  const directory = makeScratch(t)
  plantFiles(directory, Object.fromEntries(names.map((name, i) => [name, contents[i]!])))
  const paths = names.map((name) => join(directory, name))
  const files = paths.map((path, i) => ({ path, length: sizes[i]! }))
  return { directory, paths, contents, stream: concatenateFiles(files, pieceLength) }
}
