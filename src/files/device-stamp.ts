import { digestOf } from '../digest.js'
import { readBounded } from './read-bounded.js'
import { readFileSync } from 'node:fs'
import { loadNative } from '../native-addon.js'

/**
 * The directory with udev's records of block devices, one file each. Services can read it even
 * without /dev.
 */
const UDEV_DATA = '/run/udev/data'

const MAX_DATA = 64 * 1024

/** Matches a full UUID. Shorter identifiers, as on FAT, are not unique enough. */
const UUID = /^E:ID_FS_UUID=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/m

/** A bit that is never set in device numbers of the system. */
const STAMP_BIT = 1n << 63n

/**
 * Matches a line of proc_pid_mountinfo(5) for Btrfs or ZFS, whose subvolumes and datasets have
 * identifiers.
 */
const MOUNT = /^\d+ \d+ \S+ \S+ (?<place>\S+) .* - (?:btrfs|zfs) /gm

/** Matches the escapes of spaces and other characters in that file. */
const ESCAPED = /\\([0-7]{3})/g

/** The sources of stamps. */
interface Sources {
  readonly udevData: string
  readonly subvolumes: () => ReadonlyMap<bigint, bigint>
}

/**
 * Creates stamps that identify a file system. Unlike a device number, a stamp stays the same after
 * a reboot. It is made of the UUID that udev recorded, or of the identifier of a Btrfs subvolume or
 * a ZFS dataset.
 */
export class DeviceStamps {
  readonly #sources: Sources
  readonly #known = new Map<bigint, bigint>()
  #subvolumes: ReadonlyMap<bigint, bigint> | null = null

  constructor(sources: Partial<Sources> = {}) {
    this.#sources = { udevData: UDEV_DATA, subvolumes: mountedSubvolumes, ...sources }
  }

  /**
   * Returns the stamp for a device number of stat(2). Returns the number itself if no persistent
   * identifier is known, as for network and memory file systems.
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
    // Major number 0 is for file systems without a device of their own, or on several devices
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

/** The stamps of this machine. */
export const deviceStamps = new DeviceStamps()

/** Splits a Linux device number into the parts of makedev(3). */
function partsOf(device: bigint): { major: bigint; minor: bigint } {
  return {
    major: ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n),
    minor: (device & 0xffn) | ((device >> 12n) & 0xffffff00n),
  }
}

function stampOf(name: string): bigint {
  return digestOf('sha256', name).readBigUInt64LE() | STAMP_BIT
}

/**
 * Returns the device number and the identifier of a file system; native/file_system_id.h has the
 * contract.
 */
type FileSystemId = (directory: string) => readonly [device: bigint, id: bigint] | null

/**
 * Returns the identifiers of all mounted Btrfs subvolumes and ZFS datasets, by their current device
 * numbers. An identifier is the same at every mount. The result is empty without the native addon,
 * and on systems that do not report identifiers. Subvolumes inside others that are not mounted
 * separately are missing.
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
