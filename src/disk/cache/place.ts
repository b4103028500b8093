import { lstatSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { tryOr } from '../../base/errors.js'
import { describeDirectory } from '../write/trusted-directory.js'

/** The suffixes of the database's files. */
export const SUFFIXES = ['-wal', '-shm', ''] as const

/** The suffix of a file that is set aside. */
export const DAMAGED = '.damaged'

/**
 * Makes sure that no other user can replace the cache's files. They must be regular files with one
 * hard link, because SQLite follows links and writes to their targets.
 * @throws Error that says what is wrong and what to do
 */
export function checkPlace(path: string): void {
  const distrust = describeDirectory(dirname(path), '--cache-dir')
  if (distrust !== null) throw new Error(distrust)
  for (const suffix of SUFFIXES) checkFile(path + suffix)
}

/** Checks a file if it exists. */
function checkFile(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return
  const name = basename(path)
  if (!stats.isFile()) throw new Error(`${name}: not a regular file; remove it`)
  if (stats.nlink > 1) throw new Error(`${name}: is hard-linked to other files; remove it`)
}

/** Minimum free space on the cache's disk, in bytes. The cache never goes below it. */
const MIN_FREE = 4 * 1024 * 1024

/**
 * Makes sure that the disk has space for `bytes` more bytes of the cache.
 * @throws Error ENOSPC if it has not
 */
export function requireFreeSpace(directory: string, bytes = 0): void {
  // A file whose directory was removed stays in use without this check
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) return
  const { blocks, bavail, bsize } = statfsSync(directory)
  // Some file systems report no sizes
  if (blocks === 0 || bavail * bsize >= MIN_FREE + bytes) return
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
}

/** File systems that several hosts may mount, by their names in proc_pid_mountinfo(5). */
const SHARED =
  /^(nfs4?|smb3|cifs|ceph|9p|lustre|gpfs|afs|coda|ocfs2|gfs2|fuse\.(sshfs|glusterfs|ceph(fs)?|s3fs|rclone|gcsfuse|davfs2?|(moose)?fs|mfs|juicefs|seaweedfs))$/

/**
 * Makes sure that no other host can open files of a directory. SQLite shares memory among the
 * processes of one host; hosts that share its file damage it. `mounts` is the text of
 * proc_pid_mountinfo(5).
 * @throws Error that says what is wrong and what to do
 */
export function checkFileSystem(directory: string, mounts = readMounts()): void {
  const { dev } = statSync(directory, { bigint: true })
  // makedev(3)
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)
  const device = `${major}:${minor}`
  // Of several mounts the last is the visible one
  const mount = mounts.split('\n').findLast((line) => line.split(' ')[2] === device)
  const name = mount?.split(' - ')[1]?.split(' ')[0] ?? ''
  if (!SHARED.test(name)) return
  throw new Error(
    `it is on a network file system (${name}), where other hosts could damage it; ` +
      'name a directory of a local disk by --cache-dir or BTKIT_CACHE_DIR',
  )
}

/** Empty on other systems than Linux. */
function readMounts(): string {
  return tryOr('', () => readFileSync('/proc/self/mountinfo', 'utf8'))
}
