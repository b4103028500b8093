import type { Admission } from '../admission/admission.js'
import type { ServiceOptions } from '../options.js'
import { hasListings, type HeaderOptions } from '../requests/site-header.js'
import { DirectoryPages, type DirectoryPagesParts } from './directory-pages.js'
import { Listings, type ListingsParts } from './listings.js'

export interface OpenParts
  extends
    Pick<Admission, 'listingPlanner'>,
    Pick<DirectoryPagesParts, 'requesters' | 'swarms' | 'onError'>,
    Pick<ListingsParts, 'now' | 'monotonic'> {}

type ListingOptions = Pick<ServiceOptions, 'mirror'> & HeaderOptions

/** Creates the pages of directories; null if they are disabled. */
export function openDirectoryPages(
  options: ListingOptions,
  { listingPlanner: planner, monotonic, ...parts }: OpenParts,
): DirectoryPages | null {
  if (!hasListings(options)) return null
  const { mirror } = options
  const { now } = parts
  const listings = new Listings({ mirror, planner, now, monotonic })
  return new DirectoryPages({ ...parts, mirror, options, listings, planner })
}
