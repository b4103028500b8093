import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { BtkitError } from '../errors.js'
import { readFingerprintIfThere } from '../files/fingerprint.js'
import { isSafeComponent, isWithin, realPath } from '../files/inside.js'
import type { ScannedFile } from '../files/scan/scanned-tree.js'
import { padFile } from '../core/digests/pad-files.js'
import type { ShareRules } from './share-name.js'
import { fileTime } from './cut.js'
import type { SharedFile } from './job.js'

/**
 * Finds a file of a job on this machine.
 * @throws BtkitError if it is missing, outside of its share, not a regular file, or has another
 *   size or time
 */
export function locateFile(file: SharedFile | number, rules: ShareRules): ScannedFile {
  if (typeof file === 'number') return padFile([], file)
  const name = `${file.share}:${file.path}`
  const share = rules.shares.find((each) => each.name === file.share)
  if (!share) throw new BtkitError('not-found', `${name}: no share of this name here`)
  const components = file.path.split('/')
  if (!components.every(isSafeComponent)) throw outside(name)
  const path = realPath(join(share.directory, ...components))
  if (path === null) throw new BtkitError('not-found', `${name}: missing here`)
  if (!isWithin(path, share.directory)) throw outside(name)
  const fingerprint = lstatSync(path).isFile() ? readFingerprintIfThere(path) : null
  if (!fingerprint) throw new BtkitError('not-found', `${name}: not a regular file here`)
  const time = fileTime(fingerprint, { inSeconds: file.mtime.endsWith('s') })
  if (fingerprint.size !== file.size || time !== file.mtime)
    throw new BtkitError('changed', `${name}: has another size or time here`)
  return { path: components, absolutePath: path, fingerprint }
}

function outside(name: string): BtkitError {
  return new BtkitError('unsafe-path', `${name}: leads out of its share`)
}
