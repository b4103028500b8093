import { digestOf } from '../digest.js'
import { readBounded } from './read-bounded.js'

/** Where udev keeps what it knows of block devices, a file each. Services see it without /dev too. */
const UDEV_DATA = '/run/udev/data'

const MAX_DATA = 64 * 1024

/** Shorter identifiers, as FAT has them, are no good proof. */
const UUID = /^E:ID_FS_UUID=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/m

/** Set in no device number of the system's. */
const STAMP_BIT = 1n << 63n

/**
 * Stands for the file system on a device and outlives its number, which may be another after a start
 * of the machine: made of the UUID of the file system, as udev has it.
 */
export class DeviceStamps {
  readonly #directory: string
  readonly #known = new Map<bigint, bigint>()

  constructor(directory = UDEV_DATA) {
    this.#directory = directory
  }

  /**
   * The stamp for a device number as stat(2) tells it; the number itself where the file system has
   * no device of its own or no UUID is known, as with btrfs, ZFS and network file systems.
   */
  of(device: bigint): bigint {
    const known = this.#known.get(device)
    if (known !== undefined) return known
    const uuid = this.#uuidOf(device)
    const stamp = uuid === null ? device : stampOf(uuid)
    this.#known.set(device, stamp)
    return stamp
  }

  #uuidOf(device: bigint): string | null {
    const { major, minor } = partsOf(device)
    // Such devices are made up for file systems that are on none
    if (major === 0n) return null
    try {
      const data = readBounded(`${this.#directory}/b${major}:${minor}`, MAX_DATA)
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

function stampOf(uuid: string): bigint {
  return digestOf('sha256', uuid).readBigUInt64LE() | STAMP_BIT
}
