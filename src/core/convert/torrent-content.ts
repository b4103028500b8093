import type { Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { contentOfTree, type Content, type ContentRules } from '../digests/content.js'
import type { FoundFile } from '../verify/content.js'
import type { VerifyPlan } from '../verify/verify-torrent.js'

/**
 * The files of a torrent as content of another torrent, in the order of a file tree, with their
 * attributes; null when one of them is not there in full.
 * @throws BtkitError as contentOfTree does
 */
export function contentOfTorrent(
  { request, files }: VerifyPlan,
  rules: Pick<ContentRules, 'version' | 'name' | 'pieceLength'>,
): Content | null {
  const own = files.filter(({ file }) => !file.padding)
  const scanned = own.flatMap(scannedFile)
  if (scanned.length < own.length) return null
  const { isDirectory } = request.metainfo
  const tree = { root: request.path, isDirectory, files: scanned, skipped: [] }
  return contentOfTree(tree, { ...rules, order: { by: 'path', isDescending: false } })
}

function scannedFile({ file, found }: FoundFile): ScannedFile[] {
  const { path, attr, symlinkPath, length } = file
  const attributes = attr === '' ? {} : { attributes: attr }
  if (symlinkPath) {
    return [
      { path, absolutePath: path.join('/'), fingerprint: NO_FILE, ...attributes, symlinkPath },
    ]
  }
  if (found.kind !== 'file' || found.fingerprint.size !== length) return []
  return [{ path, absolutePath: found.path, fingerprint: found.fingerprint, ...attributes }]
}

/** A symbolic link has no bytes. */
const NO_FILE: Fingerprint = { size: 0, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }
