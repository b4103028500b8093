import type { ServerContext } from '../../server/context.js'
import { startPeriodicTasks } from '../../server/periodic-tasks.js'
import { Jobs } from '../../pages/jobs.js'
import { emptyBin } from '../torrents/bin.js'
import { Collection, type CollectionParts } from '../torrents/collection.js'
import { realRoots } from '../torrents/source.js'
import type { FormsParts } from './parts.js'

/** Milliseconds between two looks for deleted torrents that are too old. */
const TIDY_PERIOD = 3_600_000

/** The settings of the pages on which torrents are changed. */
export interface FormsSettings
  extends
    CollectionParts,
    Pick<FormsParts, 'presets' | 'announce' | 'swarmsAt' | 'makeFrom'>,
    Pick<ServerContext, 'monotonic' | 'onError'> {}

/** The parts of the pages on which torrents are changed, and their end. */
export interface OpenForms extends FormsParts {
  readonly close: () => Promise<void>
}

/**
 * Opens the parts of the pages on which torrents are changed. Deleted torrents are removed when they
 * are too old.
 * @throws BtkitError if a directory or the state cannot be read
 */
export async function openForms(settings: FormsSettings): Promise<OpenForms> {
  const { monotonic, onError } = settings
  const collection = new Collection(settings)
  const jobs = new Jobs(monotonic, () => undefined)
  const tidy = () => emptyBin(collection)
  await tidy()
  const stop = startPeriodicTasks([{ act: tidy, period: TIDY_PERIOD }], onError)
  const close = async () => {
    jobs.cancelAll()
    await stop()
    await jobs.settled()
  }
  const changed = () => void settings.scan()
  const makeFrom = realRoots(settings.makeFrom)
  return { ...settings, collection, jobs, makeFrom, changed, close }
}
