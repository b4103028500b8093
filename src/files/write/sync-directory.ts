import { open } from 'node:fs/promises'
import { osCodeOf } from '../../errors.js'

/** Error codes of systems and file systems that cannot sync a directory, or do not permit it. */
const UNABLE: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EBADF',
  'EINVAL',
  'EISDIR',
  'ENOSYS',
  'ENOTSUP',
  'EPERM',
])

/** Makes the names in a directory survive a power failure, if the platform can. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch (error) {
    if (!UNABLE.has(osCodeOf(error))) throw error
  }
}
