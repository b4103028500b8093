import { readFileSync, statfsSync, statSync } from 'node:fs'

/** File systems that several hosts may have mounted, by the type that statfs(2) tells. */
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

/** What is behind this may be anything: the mount's own type says more. */
const FUSE = 0x65735546
const SHARED_FUSE =
  /^fuse\.(sshfs|glusterfs|ceph|cephfs|s3fs|rclone|gcsfuse|davfs|mfs|moosefs|juicefs|seaweedfs)/

/** What tells of file systems. */
export interface FileSystems {
  /** The type of the one that a path is on, as statfs(2) has it. */
  readonly typeOf: (path: string) => number
  /** The type that it was mounted with; null when that can't be told. */
  readonly mountTypeOf: (path: string) => string | null
}

/**
 * Makes sure that no other host can have a directory's files open: LMDB shares memory and locks
 * among processes of one host, and hosts that share its file damage it.
 * @throws Error that says so, and what to do
 */
export function checkFileSystem(directory: string, fileSystems: FileSystems = ofSystem): void {
  const name = nameIfShared(directory, fileSystems)
  if (name === null) return
  throw new Error(
    `it is on a network file system (${name}), which hosts must not share it by; ` +
      'name a directory of a local disk by --cache-dir or BTKIT_CACHE_DIR',
  )
}

function nameIfShared(directory: string, { typeOf, mountTypeOf }: FileSystems): string | null {
  const type = typeOf(directory)
  if (type !== FUSE) return SHARED_TYPES.get(type) ?? null
  const mountType = mountTypeOf(directory)
  return mountType !== null && SHARED_FUSE.test(mountType) ? mountType.slice(5) : null
}

const ofSystem: FileSystems = { typeOf, mountTypeOf }

/** 0 where that can't be told: other systems than Linux have other numbers. */
function typeOf(path: string): number {
  if (process.platform !== 'linux') return 0
  // Some of them have the highest bit, and some systems then say a negative number
  return statfsSync(path).type >>> 0
}

/** From proc_pid_mountinfo(5), by the number of the device; the last mount is the one that is seen. */
function mountTypeOf(path: string): string | null {
  try {
    const { dev } = statSync(path, { bigint: true })
    const device = `${majorOf(dev)}:${minorOf(dev)}`
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    const mount = mounts.findLast((line) => line.split(' ')[2] === device)
    return mount?.split(' - ')[1]?.split(' ')[0] ?? null
  } catch {
    return null
  }
}

/** makedev(3) */
function majorOf(dev: bigint): bigint {
  return ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)
}

function minorOf(dev: bigint): bigint {
  return (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)
}
