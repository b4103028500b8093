import type { ViewName } from './asked-view.js'

/**
 * URL of the view of a resource: by its name, or by a query if a file of the mirror has that name
 * (`isTaken`).
 */
export function viewAddress(address: string, view: ViewName, isTaken: boolean): string {
  return `${address}${isTaken ? '?' : '.'}${view}`
}

/** URL of a view by a query, which always works, whatever files the mirror has. */
export function viewByQuery(address: string, view: ViewName): string {
  return viewAddress(address, view, true)
}
