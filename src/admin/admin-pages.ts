import { activityRoutes } from './pages/activity-page.js'
import type { PagesParts } from './frame/parts.js'
import { frontRoutes } from './pages/front-page.js'
import type { AdminRoute } from './frame/visit.js'

/** Returns all pages, in the order of the menu. */
export function adminPages(parts: PagesParts): AdminRoute[] {
  return [...frontRoutes(parts), ...activityRoutes(parts)]
}
