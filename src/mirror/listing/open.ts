import type { Admission } from '../admission/admission.js'
import type { DirectoryListings } from '../tree/directory-listings.js'
import type { ServiceOptions } from '../options.js'
import { DirectoryPages, type DirectoryPagesParts } from './directory-pages.js'
import { Listings, type ListingsParts } from './listings.js'

export interface OpenParts
  extends
    Pick<Admission, 'clients' | 'listingPlanner'>,
    Pick<DirectoryPagesParts, 'requesters' | 'onError'>,
    Pick<ListingsParts, 'now' | 'monotonic'> {
  /** The entries of each directory. */
  readonly entries: DirectoryListings
}

type ListingOptions = Pick<ServiceOptions, 'mirror' | 'files' | 'listings' | 'warm'>

/** Creates the pages of directories; null if they are disabled. */
export function openDirectoryPages(
  { mirror, files, listings: isWanted, warm }: ListingOptions,
  { listingPlanner: planner, entries, clients, requesters, now, monotonic, onError }: OpenParts,
): DirectoryPages | null {
  if (!files || !isWanted) return null
  const listings = new Listings({ mirror, listings: entries, planner, now, monotonic })
  return new DirectoryPages({
    mirror,
    listings,
    planner,
    clients,
    requesters,
    hasFeed: warm !== null,
    now,
    onError,
  })
}
