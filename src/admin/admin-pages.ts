import { binRoutes } from './forms/bin-page.js'
import { categoriesRoutes } from './forms/categories-page.js'
import { editRoutes } from './forms/edit-page.js'
import { jobsRoutes } from './forms/jobs-page.js'
import { madePage, makeRoutes } from './forms/make-page.js'
import type { FormsParts } from './forms/parts.js'
import { torrentsRoutes } from './forms/torrents-page.js'
import { uploadRoutes } from './forms/upload-page.js'
import type { PagesParts } from './frame/parts.js'
import type { AdminRoute } from './frame/visit.js'
import { activityRoutes } from './pages/activity-page.js'
import { banRoutes } from './pages/ban-page.js'
import { frontRoutes } from './pages/front-page.js'

/** The parts of all pages. */
export interface AllPagesParts extends PagesParts {
  /** The parts of pages on which torrents are changed; null without directories of torrents. */
  readonly forms: FormsParts | null
}

/** Returns all pages, in the order of the menu. */
export function adminPages(parts: AllPagesParts): AdminRoute[] {
  return [
    ...frontRoutes(parts),
    ...(parts.forms ? formsRoutes(parts.forms) : []),
    ...banRoutes(parts),
    ...activityRoutes(parts),
  ]
}

/** The pages on which torrents are changed. */
function formsRoutes(parts: FormsParts): AdminRoute[] {
  return [
    ...torrentsRoutes(parts),
    ...uploadRoutes(parts),
    ...makeRoutes(parts),
    ...jobsRoutes(parts, { make: madePage }),
    ...editRoutes(parts),
    ...categoriesRoutes(parts),
    ...binRoutes(parts),
  ]
}
