import { openFiles } from '../../../support/when-open.js'

export { unlessProc } from '../../../support/when-open.js'

/** The paths of all files below `directory` that this process has open. */
export function openFilesBelow(directory: string): string[] {
  return openFiles('self').filter((path) => path.startsWith(directory))
}
