import type { AdminRoute } from '../frame/visit.js'
import { binRoutes } from './bin-page.js'
import { categoriesRoutes } from './categories-page.js'
import { editRoutes } from './edit-page.js'
import { jobsRoutes } from './jobs-page.js'
import { madePage, makeRoutes } from './make-page.js'
import type { FormsParts } from './parts.js'
import { publishedPage, publishRoutes } from './publish-page.js'
import { torrentsRoutes } from './torrents-page.js'
import { uploadRoutes } from './upload-page.js'

/** The pages on which torrents are changed, in the order of the menu. */
export function formsRoutes(parts: FormsParts): AdminRoute[] {
  return [
    ...torrentsRoutes(parts),
    ...uploadRoutes(parts),
    ...makeRoutes(parts),
    ...publishRoutes(parts),
    ...jobsRoutes(parts, { make: madePage, torrents: publishedPage }),
    ...editRoutes(parts),
    ...categoriesRoutes(parts),
    ...binRoutes(parts),
  ]
}
