import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BtkitError } from '../../src/base/errors.js'
import { type Actor, Collection, infoHashesAt } from '../../src/tracker/admin/storage/collection.js'
import type { UploadedFile } from '../../src/tracker/admin/storage/add-uploads.js'
import { makeScratch, type Files, type Scope } from './scratch.js'
import { singleFileInfo, torrentOf } from './torrents.js'

/** Somebody who acts; `notes` are the lines of the log. */
interface TestActor extends Actor {
  readonly notes: string[]
}

export const ADMIN = actorOf('ada', true)
export const UPLOADER = actorOf('uli', false)
export const OTHER = actorOf('ute', false)

function actorOf(name: string, isAdmin: boolean): TestActor {
  const notes: string[] = []
  return {
    user: { id: name },
    notes,
    note: (...words) => {
      notes.push([name, ...words].join(' '))
      return Promise.resolve()
    },
    require: (action, owner) => {
      if (!isAdmin && (owner !== name || action === 'organize'))
        throw new BtkitError('not-permitted', 'not yours')
    },
  }
}

/** A collection over planted torrents in `t`, with an archive in `archive`. */
export function openTestCollection(t: Scope, files: Files = {}) {
  for (const { notes } of [ADMIN, UPLOADER, OTHER]) notes.length = 0
  return collectionAt(makeScratch(t, { 't/readme.txt': '', 'archive/readme.txt': '', ...files }))
}

/** A collection over the directories `t` and `archive` in a directory. */
function collectionAt(root: string) {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const stateDirectory = join(root, 'state')
  const tracked = new Map<string, string | null>()
  const collection = new Collection({
    roots: [
      { path: join(root, 't'), isArchive: false },
      { path: join(root, 'archive'), isArchive: true },
    ],
    stateDirectory,
    otherStates: [join(root, 'completedir')],
    now: () => clock.now,
    warn: (message) => {
      throw new Error(message)
    },
    trackedAs: (infoHash) => {
      const path = tracked.get(infoHash)
      return path === undefined ? null : { path }
    },
    scan: async () => {
      for (const name of filesBelow(join(root, 't')).filter((each) => !each.startsWith('.bin/'))) {
        const { infoHash } = await infoHashesAt(join(root, 't', name))
        if (infoHash !== null) tracked.set(infoHash, join(root, 't', name))
      }
    },
  })
  return { root, collection, clock, stateDirectory, tracked }
}

/** A torrent whose info hash depends on its name. */
export function torrentNamed(name: string, comment?: string): Uint8Array {
  return torrentOf(singleFileInfo({ name }), { comment })
}

/** The files of an upload. */
export function uploadOf(files: Files): UploadedFile[] {
  return Object.entries(files).map(([name, content]) => ({ name, bytes: Buffer.from(content) }))
}

/** All files below a directory, by '/'-joined path, sorted. */
export function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort()
}
