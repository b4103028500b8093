import { isDeepStrictEqual } from 'node:util'
import { textOf } from '../../../base/bytes.js'
import { removeFile } from '../../../base/directories.js'
import { valueOr } from '../../../base/errors.js'
import { DEVICE_OFFSET, encodeFingerprint } from '../../../disk/file-lists/fingerprint.js'
import { lookAt } from '../../../disk/look/stat-files.js'
import { Journal, type JournalOptions } from '../../../disk/state/journal.js'
import { readExisting } from '../decide/existing.js'
import { sortReport, type Change, type CompleteReport, type ListPaths } from '../report.js'

/** A change in a list of a report, which is of a torrent, of a list or in a client. */
type Item = Partial<Change & ListPaths & { readonly client: string }>

/**
 * A change, which a command that failed may know, with the state of its file. One that is only
 * planned also has the line that it took the place of, which counts if the change is never made.
 */
type Line = readonly [list: string, item: Item, state?: string | null, earlier?: Line | null]

/** The lists of changes in a report. */
function listsOf(report: CompleteReport): Readonly<Record<string, Item[]>> {
  const { created, updated, adopted, removed, clients, checksumLists: lists } = report
  const { published, republished, withdrawn } = clients
  const torrents = { created, updated, adopted, removed, published, republished, withdrawn }
  const [made, changed, gone] = [lists.created, lists.updated, lists.removed]
  return { ...torrents, 'list created': made, 'list updated': changed, 'list removed': gone }
}

/** The list of a torrent after two changes, if that is not the list of the second one. */
const AFTER_BOTH = new Map([
  ['created updated', 'created'],
  ['removed created', 'updated'],
  ['updated created', 'updated'],
])

/** Lists of changes after which there is a file. */
const MADE = /(created|updated|adopted)$/

/**
 * The changes that a command did not get yet, in a file. Without it, an upload that fails once, or
 * a run that is killed before it, would keep the names of those torrents from the command for ever.
 */
export class Undelivered {
  #journal: Journal | null = null

  constructor(private readonly options: Omit<JournalOptions, 'head' | 'loss'>) {}

  /** Whether there are changes of earlier runs. */
  isDue(): boolean {
    const journal = this.#open()
    try {
      return settle(journal).size > 0
    } finally {
      journal.release()
    }
  }

  /** Adds a change that is about to be made. Resolves when the next run would know of it. */
  async plan(list: string, item: Item): Promise<void> {
    try {
      const journal = (this.#journal ??= settle(this.#open()))
      note(journal, [list, item], true)
      await journal.flush()
    } catch {
      // Reported by deliver: a full disk must not keep the change from being made
    }
  }

  /**
   * Calls `act` with the report of a run that also has all changes of earlier runs for which `act`
   * failed, or which were killed; does not call it without changes.
   * @throws BtkitError as Journal and `act`
   */
  async deliver(
    report: CompleteReport,
    act: (report: CompleteReport) => Promise<void>,
  ): Promise<void> {
    this.#journal ??= valueOr(null, () => this.#open())
    // If the record cannot be used, what was due before is unknown
    const lists = listsOf(report)
    if (!this.#journal && Object.values(lists).some(({ length }) => length > 0)) await act(report)
    const journal = (this.#journal ??= this.#open())
    for (const [list, items] of Object.entries(lists))
      for (const item of items) note(journal, [list, item])
    settle(journal)
    try {
      if (journal.size === 0) {
        await journal.close()
        return
      }
      const storing = journal.flush()
      // A failure is reported later, as that of a plan
      await Promise.allSettled([storing])
      await act(withChanges(report, journal))
      await storing
      // Another run may have added changes meanwhile
      const now = this.#open()
      try {
        for (const [key, json] of journal.entries()) if (now.get(key) === json) now.put(key, null)
        if (now.size > 0) await now.close()
        else removeFile(this.options.path)
      } finally {
        now.release()
      }
    } finally {
      journal.release()
    }
  }

  #open(): Journal {
    const loss = 'the command of --on-change runs again, but may not get some changes'
    const journal = new Journal({ ...this.options, head: { btkit: 'due' }, loss })
    // Due until the command succeeds, even without a change
    if (journal.isDamaged) journal.put('damaged', ['damaged', {}, null] satisfies Line)
    return journal
  }
}

function itemKey({ torrentPath, listPath, client, torrent }: Item): string {
  return torrentPath ?? listPath ?? `${client} ${torrent}`
}

/** Adds a change to the journal, in place of an earlier one of the same torrent or list. */
function note(journal: Journal, [list, item]: Line, isPlanned = false): void {
  const key = itemKey(item)
  const earlier = JSON.parse(journal.get(key) ?? 'null') as Line | null
  const [first, { oldInfoHash, oldInfoHashV2 = null }] = earlier ?? [list, item]
  // A command that failed may know the torrent, and there was none before
  const isKnown = oldInfoHash !== undefined && `${first} ${list}` !== 'created removed'
  const hashes = isKnown && { oldInfoHash, oldInfoHashV2 }
  const line: Line = [AFTER_BOTH.get(`${first} ${list}`) ?? list, { ...item, ...hashes }]
  journal.put(key, [...line, stateOf(item), ...(isPlanned ? [earlier] : [])])
}

/**
 * Finds out which planned changes were made; each other one leaves the line before it, if any. Adds
 * what others did to the torrents and lists of all changes.
 */
function settle(journal: Journal): Journal {
  for (const [key, json] of journal.entries()) {
    let line: Line | null = JSON.parse(json) as Line
    while (line && isUnmade(line)) line = line[3] ?? null
    if (JSON.stringify(line) !== json) journal.put(key, line)
    if (line && stateOf(line[1]) !== (line[2] ?? null)) note(journal, changeSince(line))
  }
  return journal
}

/** Whether a line is of a planned change, and its file is not as that leaves it. */
function isUnmade(line: Line): boolean {
  const [, item, before, earlier] = line
  if (earlier === undefined) return false
  return stateOf(item) === before || !isDeepStrictEqual(changeSince(line), line.slice(0, 2))
}

/** The change that left the file of a line as it is now. */
function changeSince([list, item]: Line): Line {
  const { torrentPath, infoHash: oldInfoHash, infoHashV2: oldInfoHashV2 } = item
  const isGone = stateOf(item) === null
  const after = isGone ? list.replace(MADE, 'removed') : list.replace('removed', 'created')
  if (torrentPath === undefined) return [after, item]
  const found = valueOr(null, () => readExisting(torrentPath)?.metainfo)
  const hashes = { infoHash: found?.infoHash ?? null, infoHashV2: found?.infoHashV2 ?? null }
  const old = isGone && list !== after && { oldInfoHash, oldInfoHashV2 }
  return [after, { ...item, ...hashes, ...old }]
}

/** The state of an item's file, which is another one after each write; null if there is none. */
function stateOf({ torrentPath, listPath }: Item): string | null {
  const path = torrentPath ?? listPath
  const found = path === undefined ? null : lookAt(path)
  return found && textOf(encodeFingerprint(found).subarray(0, DEVICE_OFFSET), 'base64')
}

/** The report with the changes in the journal instead of its own. */
function withChanges(report: CompleteReport, journal: Journal): CompleteReport {
  const whole = structuredClone(report)
  const lists = listsOf(whole)
  for (const items of Object.values(lists)) items.length = 0
  for (const [, json] of journal.entries()) {
    const [list, item] = JSON.parse(json) as Line
    lists[list]?.push(item)
  }
  sortReport(whole)
  return whole
}
