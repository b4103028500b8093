import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BtkitError } from '../../src/errors.js'
import { Desk, type Actor } from '../../src/admin/torrents/desk.js'
import { Trays } from '../../src/admin/torrents/tray.js'
import type { UploadedFile } from '../../src/admin/torrents/upload.js'
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
    user: { name },
    notes,
    note: (...words) => notes.push([name, ...words].join(' ')),
    require: (action, owner) => {
      if (!isAdmin && (owner !== name || action === 'organize'))
        throw new BtkitError('not-permitted', 'not yours')
    },
  }
}

/** A desk over planted torrents in `t`, with an archive in `archive`. */
export function openTestDesk(t: Scope, files: Files = {}) {
  for (const { notes } of [ADMIN, UPLOADER, OTHER]) notes.length = 0
  return deskAt(makeScratch(t, { 't/readme.txt': '', 'archive/readme.txt': '', ...files }))
}

/** A desk over the directories `t` and `archive` in a directory. */
export function deskAt(root: string) {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const stateDirectory = join(root, 'state')
  const desk = new Desk({
    roots: [
      { path: join(root, 't'), isArchive: false },
      { path: join(root, 'archive'), isArchive: true },
    ],
    stateDirectory,
    otherStates: [join(root, 'completedir')],
    now: () => clock.now,
  })
  const trays = new Trays(stateDirectory, () => Date.now())
  return { root, desk, trays, clock, stateDirectory }
}

/** A torrent whose info hash depends on its name. */
export function torrentNamed(name: string, comment?: string): Uint8Array {
  return torrentOf(singleFileInfo({ name }), { comment })
}

/** The files of an upload; each is sent in chunks. */
export async function* uploadOf(files: Files): AsyncGenerator<UploadedFile> {
  for (const [name, content] of Object.entries(files)) {
    await Promise.resolve()
    yield { name, content: chunksOf(Buffer.from(content)) }
  }
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve()
  for (let at = 0; at < bytes.length; at += 50) yield bytes.subarray(at, at + 50)
}

/** All files below a directory, by '/'-joined path, sorted. */
export function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort()
}
