import { appendFileSync, lstatSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { describeDirectory } from '../../write/trusted-directory.js'

/**
 * Makes sure that no other user can replace the cache's file or the files beside it. They must be
 * regular files with one hard link: LMDB follows links, writes to their targets, and crashes on
 * pipes.
 * @throws Error that says what is wrong and what to do
 */
export function checkPlace(path: string): void {
  const distrust = describeDirectory(dirname(path), '--cache-dir')
  if (distrust !== null) throw new Error(distrust)
  for (const suffix of ['', '-lock']) checkFile(path + suffix)
}

/** Checks a file if it exists. */
function checkFile(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return
  const name = basename(path)
  if (!stats.isFile()) throw new Error(`${name}: not a regular file; remove it`)
  if (stats.nlink > 1) throw new Error(`${name}: is hard-linked to other files; remove it`)
}

/** More than LMDB's lock file has. */
const LOCK_LENGTH = 12_288

/**
 * Writes LMDB's lock file, if it is not there. LMDB crashes if it cannot, or if its disk is full when
 * LMDB uses a part of the file that was never written.
 * @throws Error of the system
 */
export function writeLockFile(path: string): void {
  const lock = `${path}-lock`
  const length = statSync(lock, { throwIfNoEntry: false })?.size ?? 0
  appendFileSync(lock, Buffer.alloc(Math.max(0, LOCK_LENGTH - length)), { mode: 0o600 })
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

/** File systems that several hosts may mount, by their type number in statfs(2). */
const SHARED_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x00c36400, 'Ceph'],
  [0x01021997, '9P'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
])

/** FUSE may mean any file system: only the type of the mount shows which. */
const FUSE = 0x65735546
const SHARED_FUSE =
  /^fuse\.(sshfs|glusterfs|ceph|cephfs|s3fs|rclone|gcsfuse|davfs|mfs|moosefs|juicefs|seaweedfs)/

/** Looks up file systems. */
export interface FileSystems {
  /** The type of a path's file system, as in statfs(2). */
  readonly typeOf: (path: string) => number
  /** The type with which a path's file system was mounted; null if unknown. */
  readonly mountTypeOf: (path: string) => string | null
}

/**
 * Makes sure that no other host can open files of a directory. LMDB shares memory and locks among
 * the processes of one host; hosts that share its file damage it.
 * @throws Error that says what is wrong and what to do
 */
export function checkFileSystem(directory: string, fileSystems: FileSystems = ofSystem): void {
  const type = fileSystems.typeOf(directory)
  const mountType = type === FUSE ? (fileSystems.mountTypeOf(directory) ?? '') : ''
  const name = SHARED_FUSE.test(mountType) ? mountType.slice(5) : SHARED_TYPES.get(type)
  if (name === undefined) return
  throw new Error(
    `it is on a network file system (${name}), where other hosts could damage it; ` +
      'name a directory of a local disk by --cache-dir or BTKIT_CACHE_DIR',
  )
}

const ofSystem: FileSystems = { typeOf, mountTypeOf }

/** Returns 0 on other systems than Linux, whose type numbers differ. */
function typeOf(path: string): number {
  if (process.platform !== 'linux') return 0
  // Some types have the highest bit set, and some systems return them as negative numbers
  return statfsSync(path).type >>> 0
}

/**
 * Reads the mount type from proc_pid_mountinfo(5), by device number. Of several mounts the last is
 * the visible one.
 */
function mountTypeOf(path: string): string | null {
  try {
    const { dev } = statSync(path, { bigint: true })
    // makedev(3)
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)
    const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)
    const device = `${major}:${minor}`
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    const mount = mounts.findLast((line) => line.split(' ')[2] === device)
    return mount?.split(' - ')[1]?.split(' ')[0] ?? null
  } catch {
    return null
  }
}
