import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { isWithheld, MirrorView, type Mirror } from './mirror.js'

/** Most names searched for an example. */
const MAX_NAMES = 2000

/** The path of any published file other than a torrent, breadth first; null if none is found soon. */
export async function findExample(mirror: Mirror): Promise<readonly string[] | null> {
  const view = new MirrorView(mirror)
  const waiting: string[][] = [[]]
  let seen = 0
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    for await (const { name, isDirectory } of list(join(mirror.root, ...next))) {
      if (++seen > MAX_NAMES) return null
      const path = [...next, name]
      if (isWithheld(path, mirror)) continue
      if (isDirectory) waiting.push(path)
      else if (!name.endsWith('.torrent') && (await isPublished(path, view))) return path
    }
  }
  return null
}

async function* list(directory: string) {
  try {
    for await (const entry of await opendir(directory)) {
      yield { name: entry.name, isDirectory: entry.isDirectory() }
    }
  } catch {
    // A request for something in it will report the error
  }
}

async function isPublished(path: readonly string[], view: MirrorView): Promise<boolean> {
  try {
    return (await view.file(path)).fingerprint.size > 0
  } catch {
    return false
  }
}
