// The build writes this module from the scripts and styles beside it: scripts/browser-texts.js.

/** A script or style of pages. */
export interface BrowserText {
  readonly text: string
  /** As a Content-Security-Policy has it: `sha256-` and base64. */
  readonly digest: string
}

/** Scripts that pages contain. */
export declare const PAGE_SCRIPT: BrowserText
export declare const LISTING_SCRIPT: BrowserText
export declare const REFRESH_SCRIPT: BrowserText

/** Scripts that pages link. */
export declare const WINDOW_SCRIPT: BrowserText
export declare const ADMIN_SCRIPT: BrowserText

/** Styles that pages contain, each whole. */
export declare const PAGE_STYLE: BrowserText
export declare const LIST_STYLE: BrowserText
export declare const README_LIST_STYLE: BrowserText
export declare const TRACKER_STYLE: BrowserText

/** Styles that pages link, each whole. */
export declare const WINDOW_STYLE: BrowserText
export declare const ADMIN_STYLE: BrowserText
