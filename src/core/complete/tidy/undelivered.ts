import { rmSync } from 'node:fs'
import { Journal, type JournalOptions } from '../../../disk/state/journal.js'
import { sortReport, type CompleteReport } from '../report.js'

/** A change in a list of a report. */
type Item = Readonly<Record<string, string | null | undefined>>

/** The lists of changes, each as the array of a report. */
const LISTS: Readonly<Record<string, (report: CompleteReport) => object[]>> = {
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
])

/**
 * Calls `act` with the report of a run that also has all changes of earlier runs for which `act`
 * failed; does not call it without changes. Without this record, an upload that fails once would never
 * learn the names of those torrents.
 * @throws BtkitError as Journal and `act`
 */
export async function deliver(
  report: CompleteReport,
  options: Omit<JournalOptions, 'head' | 'loss'>,
  act: (report: CompleteReport) => Promise<void>,
): Promise<void> {
  const loss = 'the command of --on-change does not get some changes'
  const open = () => new Journal({ ...options, head: { btkit: 'due' }, loss })
  const journal = open()
  for (const [list, listOf] of Object.entries(LISTS))
    for (const item of listOf(report)) note(journal, list, item as Item)
  if (journal.size === 0) return
  const storing = journal.flush()
  // A failure is reported later: a full disk must not keep the changes from being delivered
  await Promise.allSettled([storing])
  try {
    await act(withChanges(report, journal))
    await storing
    // Another run may have added changes meanwhile
    const now = open()
    for (const [key, json] of journal.entries()) if (now.get(key) === json) now.put(key, null)
    if (now.size > 0) await now.close()
    else rmSync(options.path, { force: true })
    now.release()
  } finally {
    journal.release()
  }
}

/** Adds a change to the journal, in place of an earlier one of the same torrent or list. */
function note(journal: Journal, list: string, item: Item): void {
  const { torrentPath, listPath, client, torrent } = item
  const key = torrentPath ?? listPath ?? `${client} ${torrent}`
  const earlier = journal.get(key)
  const [first, old] = earlier === undefined ? [list, item] : readItem(earlier)
  const { oldInfoHash, oldInfoHashV2 } = old
  const hashes = oldInfoHash === undefined ? {} : { oldInfoHash, oldInfoHashV2 }
  journal.put(key, [AFTER_BOTH.get(`${first} ${list}`) ?? list, { ...item, ...hashes }])
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
