import { basename, join } from 'node:path'
import type { EditOutcome } from '../core/edit/files.js'
import { editFiles as edit } from '../core/edit/files.js'
import { requirePaths } from '../base/require.js'
import { editOf, type TorrentChanges } from './changes.js'

/** Options for editing .torrent files. */
export interface EditOptions {
  /** Maximum bytes of a .torrent (default: 64 MiB). */
  readonly maxSize?: number | undefined
  /** Directory for the results (default: the files are edited in place). */
  readonly outputDirectory?: string | undefined
  /** Whether to write nothing (default: false). */
  readonly dryRun?: boolean | undefined
  /** Whether files in `outputDirectory` that are no torrents may be replaced (default: false). */
  readonly force?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Edits .torrent files, many at once, and yields an outcome for each, in order. A file that fails
 * does not stop the others. Each file is replaced whole or not at all. If another program changes
 * a file meanwhile, its new content is edited.
 * @throws BtkitError `usage` for bad changes, `interrupted`
 */
export function editFiles(
  files: readonly string[],
  changes: TorrentChanges,
  options: EditOptions = {},
): AsyncGenerator<EditOutcome> {
  requirePaths(files, 'files')
  const { maxSize, outputDirectory = null, dryRun = false, force = false, signal } = options
  const outputOf =
    outputDirectory === null ? null : (file: string) => join(outputDirectory, basename(file))
  const request = { outputOf, dryRun, force, maxTorrentSize: maxSize, tellHashes: true }
  const never = new AbortController().signal
  return edit(files, { ...request, edit: editOf(changes) }, signal ?? never)
}
