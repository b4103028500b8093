import type { ViewName } from './asked-view.js'

/**
 * The address of a view of what is at an address: by its name, or by a query where the mirror has something
 * of that name itself.
 */
export function viewAddress(address: string, view: ViewName, isTaken: boolean): string {
  return `${address}${isTaken ? '?' : '.'}${view}`
}

/** The address of a view by a query, which works in any case, whatever the mirror has. */
export function viewByQuery(address: string, view: ViewName): string {
  return viewAddress(address, view, true)
}
