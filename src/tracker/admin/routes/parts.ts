import type { Collection } from '../storage/collection.js'
import type { Category, Places } from '../storage/places.js'
import { type Choice, type Form, selectField } from '../../../pages/forms/form.js'
import type { Jobs } from '../../../pages/forms/jobs.js'
import type { Preset } from '../../../pages/forms/torrent-fields.js'
import type { Html } from '../../../base/text/html.js'
import type { WorkThread } from '../../../pages/work/work-thread.js'
import type { SwarmRow } from '../../pages/overview/swarm-row.js'

/** The parts that the pages about torrents share. */
export interface FormsParts {
  readonly collection: Collection
  readonly jobs: Jobs
  /** The thread that does what takes long. */
  readonly work: WorkThread
  /** Real paths of the directories whose files may become torrents. */
  readonly makeFrom: readonly string[]
  readonly presets: readonly Preset[]
  /** The announce URL for torrents that are made here; null if it is not known. */
  readonly announce: string | null
  /** All announce URLs of the tracker for clients. */
  readonly announceUrls: readonly string[]
  /** The URL of the tracker's first page, with a slash at its end; null if it shows no pages. */
  readonly publicRoot: string | null
  /** The swarms of the tracked torrents at some paths, by path. */
  readonly swarmsAt: (paths: ReadonlySet<string>) => Promise<ReadonlyMap<string, SwarmRow>>
  /** The banned info hash of the torrent at a path; null if it is not banned. */
  readonly bannedAt: (path: string) => string | null
  /** Resolves if all directories answer; see reachableDirectories. */
  readonly reachable: () => Promise<void>
  /** Makes the tracker look at its directories soon. */
  readonly changed: () => void
}

/** A list of categories to choose from; `isArchived` adds those of the archive. */
export async function categoryField(
  form: Form,
  { places }: Collection,
  field: { readonly name: string; readonly label: string; readonly isArchived?: boolean },
): Promise<Html> {
  return selectField(form, { ...field, choices: await categoryChoices(places, field.isArchived) })
}

/** The addresses and titles of categories; `isArchived` adds those of the archive. */
export async function categoryChoices(places: Places, isArchived = false): Promise<Choice[]> {
  return choicesOf(places, await places.list(), isArchived)
}

/** The same of categories that were listed already, which takes a while if there are thousands. */
export function choicesOf(
  places: Places,
  listed: readonly Category[],
  isArchived = false,
): Choice[] {
  const shown = listed.filter(({ root }) => isArchived || !root.isArchive)
  return shown.map((each) => [each.address, places.titleOf(each)])
}
