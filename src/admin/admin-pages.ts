import type { FormsParts } from './forms/parts.js'
import { formsRoutes } from './forms/routes.js'
import type { PagesParts } from './frame/parts.js'
import type { AdminRoute } from './frame/visit.js'
import { activityRoutes } from './pages/activity-page.js'
import { banRoutes } from './pages/ban-page.js'
import { frontRoutes } from './pages/front-page.js'
import { reportRoutes } from './pages/report-page.js'

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
    ...reportRoutes(parts),
    ...banRoutes(parts),
    ...activityRoutes(parts),
  ]
}
