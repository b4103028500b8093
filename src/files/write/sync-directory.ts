import { open } from 'node:fs/promises'
import { osCodeOf } from '../../errors.js'

/** What platforms and file systems say when they can't sync a directory, or this user may not. */
const UNABLE: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EBADF',
  'EINVAL',
  'EISDIR',
  'ENOSYS',
  'ENOTSUP',
  'EPERM',
])

/** Makes the names in a directory outlive a power cut, where the platform can. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, 'r')
    await directory.sync().finally(() => directory.close())
  } catch (error) {
    if (!UNABLE.has(osCodeOf(error))) throw error
  }
}
