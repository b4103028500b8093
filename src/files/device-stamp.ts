import { digestOf } from '../digest.js'
import { readBounded } from './read-bounded.js'
import { readFileSync } from 'node:fs'
import { loadNative } from '../native-addon.js'

/** Where udev keeps what it knows of block devices, a file each. Services see it without /dev too. */
const UDEV_DATA = '/run/udev/data'

const MAX_DATA = 64 * 1024

/** Shorter identifiers, as FAT has them, are no good proof. */
const UUID = /^E:ID_FS_UUID=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/m

/** Set in no device number of the system's. */
const STAMP_BIT = 1n << 63n

/** A line of proc_pid_mountinfo(5) for what knows each subvolume or dataset by an identifier. */
const MOUNT = /^\d+ \d+ \S+ \S+ (?<place>\S+) .* - (?:btrfs|zfs) /gm

/** How spaces and the like are written there. */
const ESCAPED = /\\([0-7]{3})/g

/** Where a stamp may come from. */
interface Sources {
  readonly udevData: string
  readonly subvolumes: () => ReadonlyMap<bigint, bigint>
}

/**
 * Stands for the file system on a device and outlives its number, which may be another after a start
 * of the machine: made of the UUID of the file system, as udev has it, or of what a subvolume of
 * Btrfs or a dataset of ZFS is known by.
 */
export class DeviceStamps {
  readonly #sources: Sources
  readonly #known = new Map<bigint, bigint>()
  #subvolumes: ReadonlyMap<bigint, bigint> | null = null

  constructor(sources: Partial<Sources> = {}) {
    this.#sources = { udevData: UDEV_DATA, subvolumes: mountedSubvolumes, ...sources }
  }

  /**
   * The stamp for a device number as stat(2) tells it; the number itself where nothing is known that
   * lasts, as with network file systems and those in memory.
   */
  of(device: bigint): bigint {
    const known = this.#known.get(device)
    if (known !== undefined) return known
    const name = this.#nameOf(device)
    const stamp = name === null ? device : stampOf(name)
    this.#known.set(device, stamp)
    return stamp
  }

  #nameOf(device: bigint): string | null {
    const { major, minor } = partsOf(device)
    // Such devices are made up for file systems that are on none, or on several
    return major === 0n ? this.#subvolumeOf(device) : this.#uuidOf(major, minor)
  }

  #subvolumeOf(device: bigint): string | null {
    this.#subvolumes ??= this.#sources.subvolumes()
    const id = this.#subvolumes.get(device)
    return id === undefined ? null : `subvolume ${id}`
  }

  #uuidOf(major: bigint, minor: bigint): string | null {
    try {
      const data = readBounded(`${this.#sources.udevData}/b${major}:${minor}`, MAX_DATA)
      return UUID.exec(Buffer.from(data).toString('latin1'))?.[1] ?? null
    } catch {
      return null
    }
  }
}

/** Those of this machine. */
export const deviceStamps = new DeviceStamps()

/** A device number of Linux, parted as its makedev(3) puts it together. */
function partsOf(device: bigint): { major: bigint; minor: bigint } {
  return {
    major: ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n),
    minor: (device & 0xffn) | ((device >> 12n) & 0xffffff00n),
  }
}

function stampOf(name: string): bigint {
  return digestOf('sha256', name).readBigUInt64LE() | STAMP_BIT
}

/** Returns the number of its device and its identifier; native/file_system_id.h has the contract. */
type FileSystemId = (directory: string) => readonly [device: bigint, id: bigint] | null

/**
 * What is mounted of Btrfs and ZFS: the identifier of each subvolume or dataset, which is the same at
 * every mount, by the number that its device has now. Empty without the addon and where the system
 * does not tell. Subvolumes within others that are not mounted by themselves are not in it.
 */
export function mountedSubvolumes(
  mounts = '/proc/self/mountinfo',
  idOf: FileSystemId | null = loadFileSystemId(),
): ReadonlyMap<bigint, bigint> {
  if (idOf === null) return new Map()
  return new Map(mountPointsIn(textOf(mounts)).flatMap((place) => pairOf(idOf(place))))
}

function loadFileSystemId(): FileSystemId | null {
  return loadNative<{ fileSystemId: FileSystemId }>('fileSystemId')?.fileSystemId ?? null
}

function pairOf(pair: ReturnType<FileSystemId>): (readonly [bigint, bigint])[] {
  return pair === null ? [] : [pair]
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function mountPointsIn(mounts: string): string[] {
  return [...mounts.matchAll(MOUNT)].map(({ groups }) => unescape(groups?.['place'] ?? ''))
}

function unescape(field: string): string {
  return field.replace(ESCAPED, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
}
