import { readFileSync } from 'node:fs'
import { loadNative } from '../native-addon.js'

/** A line of proc_pid_mountinfo(5) for what knows each subvolume or dataset by an identifier. */
const MOUNT = /^\d+ \d+ \S+ \S+ (?<place>\S+) .* - (?:btrfs|zfs) /gm

/** How spaces and the like are written there. */
const ESCAPED = /\\([0-7]{3})/g

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
