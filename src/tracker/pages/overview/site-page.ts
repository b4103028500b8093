import { type PageFrame, renderPage } from '../../../page-parts/layout.js'
import { PAGE_SCRIPT } from '../../../page-parts/page-script.js'
import type { Html } from '../../../base/text/html.js'
import { ICON_PATH, type PageAnswer, pageAnswer, TRACKER_STYLE } from './page-answer.js'
import { type Site, siteHead, type SitePlace } from './site.js'

/** A page of the tracker. */
interface SitePage extends Pick<PageFrame, 'title' | 'description' | 'head' | 'footer'> {
  readonly site: Site
  /** The way to the first page, such as `../`. */
  readonly root: string
  /** Null if the menu does not lead to it. */
  readonly current: SitePlace | null
  /** The search of the head whose results it shows; '' by default. */
  readonly search?: string
  /** Hidden fields for the search of a list, such as its order. */
  readonly kept?: Html
}

/** Answers with a page of the tracker, which has its head, style and script. */
export function sitePage(page: SitePage, content: Html): PageAnswer {
  const { site, root, current, search, kept, head, ...frame } = page
  const header = siteHead(site, root, current, search, kept)
  const own = { style: TRACKER_STYLE.element, icon: root + ICON_PATH, header }
  return pageAnswer(
    renderPage({ ...frame, site, ...own, head: [head ?? null, PAGE_SCRIPT.element] }, content),
  )
}
