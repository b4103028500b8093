import { existsSync, rmSync } from 'node:fs'
import { valueOr } from '../../../base/errors.js'
import { Journal, type JournalOptions } from '../../../disk/state/journal.js'
import { sortReport, type CompleteReport } from '../report.js'

/** A change in a list of a report, which is of a torrent, of a list or in a client. */
type Item = Partial<Record<ItemKey, string | null>>
type ItemKey = 'torrentPath' | 'listPath' | 'client' | 'torrent' | 'oldInfoHash' | 'oldInfoHashV2'

/** The lists of changes, each as the array of a report. */
const LISTS: Readonly<Record<string, (report: CompleteReport) => Item[]>> = {
  created: ({ created }) => created,
  updated: ({ updated }) => updated,
  adopted: ({ adopted }) => adopted,
  removed: ({ removed }) => removed,
  published: ({ clients }) => clients.published,
  republished: ({ clients }) => clients.republished,
  withdrawn: ({ clients }) => clients.withdrawn,
  'list created': ({ checksumLists }) => checksumLists.created,
  'list updated': ({ checksumLists }) => checksumLists.updated,
  'list removed': ({ checksumLists }) => checksumLists.removed,
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
 * The changes that a command did not get yet, in a file. Without it, an upload that fails once, or a
 * run that is killed before it, would keep the names of those torrents from the command for ever.
 */
export class Undelivered {
  #journal: Journal | null = null
  /** The lines that planned changes took the place of. */
  readonly #planned = new Map<string, string | undefined>()

  constructor(private readonly options: Omit<JournalOptions, 'head' | 'loss'>) {}

  /** Adds a change that is about to be made. Resolves when the next run would know of it. */
  async plan(list: string, item: Item): Promise<void> {
    try {
      this.#journal ??= this.#open()
      const key = keyOf(item)
      if (!this.#planned.has(key)) this.#planned.set(key, this.#journal.get(key))
      note(this.#journal, list, item)
      await this.#journal.flush()
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
    if (!this.#journal && Object.values(LISTS).some((listOf) => listOf(report).length > 0))
      await act(report)
    const journal = (this.#journal ??= this.#open())
    for (const [list, listOf] of Object.entries(LISTS)) {
      for (const item of listOf(report)) {
        note(journal, list, item)
        this.#planned.delete(keyOf(item))
      }
    }
    // These were not made
    for (const [key, json] of this.#planned) journal.put(key, json ? JSON.parse(json) : null)
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
      for (const [key, json] of journal.entries()) if (now.get(key) === json) now.put(key, null)
      if (now.size > 0) await now.close()
      else rmSync(this.options.path, { force: true })
      now.release()
    } finally {
      journal.release()
    }
  }

  #open(): Journal {
    const loss = 'the command of --on-change may not get some changes'
    const journal = new Journal({ ...this.options, head: { btkit: 'due' }, loss })
    // A run may have been killed before a change, and no later one made it
    for (const [key, json] of journal.entries())
      if (MADE.test(readItem(json)[0]) && !existsSync(key)) journal.put(key, null)
    return journal
  }
}

function keyOf({ torrentPath, listPath, client, torrent }: Item): string {
  return torrentPath ?? listPath ?? `${client} ${torrent}`
}

/** Adds a change to the journal, in place of an earlier one of the same torrent or list. */
function note(journal: Journal, list: string, item: Item): void {
  const key = keyOf(item)
  const earlier = journal.get(key)
  const [first, old] = earlier === undefined ? [list, item] : readItem(earlier)
  const { oldInfoHash, oldInfoHashV2 } = old
  const hashes = oldInfoHash === undefined ? {} : { oldInfoHash, oldInfoHashV2 }
  const value = [AFTER_BOTH.get(`${first} ${list}`) ?? list, { ...item, ...hashes }]
  // A change that was planned is there
  if (JSON.stringify(value) !== earlier) journal.put(key, value)
}

function readItem(json: string) {
  return JSON.parse(json) as [list: string, item: Item]
}

/** The report with the changes in the journal instead of its own. */
function withChanges(report: CompleteReport, journal: Journal): CompleteReport {
  const whole = structuredClone(report)
  for (const listOf of Object.values(LISTS)) listOf(whole).length = 0
  for (const [, json] of journal.entries()) {
    const [list, item] = readItem(json)
    LISTS[list]?.(whole).push(item)
  }
  sortReport(whole)
  return whole
}
