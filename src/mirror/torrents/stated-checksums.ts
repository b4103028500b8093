import { CHECKSUMS, type ChecksumName } from '../../core/checksums/list.js'
import { listName } from '../../core/checksums/lists.js'
import { type Mirror, readPublished } from '../tree/mirror.js'

/** Most bytes of a list of checksums that is read for a page. */
const MOST = 1024 * 1024

/** A list of checksums that names a file beside it. */
interface StatedChecksum {
  readonly checksum: ChecksumName
  readonly list: string
  /** In hexadecimal digits. */
  readonly digests: readonly string[]
}

/** Reads the lists beside a file that name it, as sha256sum and similar programs write them. */
export async function readStated(
  path: readonly string[],
  checksums: readonly ChecksumName[],
  mirror: Mirror,
): Promise<StatedChecksum[]> {
  const name = path.at(-1) ?? ''
  const found: StatedChecksum[] = []
  for (const checksum of checksums) {
    for (const list of [listName(name, checksum), CHECKSUMS[checksum].ofAll]) {
      const bytes = await readPublished([...path.slice(0, -1), list], MOST, mirror)
      const text = bytes && bytes.length <= MOST ? bytes.toString() : ''
      const digests = digestsOf(text, checksum, list, name)
      if (digests.length > 0) found.push({ checksum, list, digests })
    }
  }
  return found
}

/** The digests that a list has for a name; a list of one file may leave out the name. */
function digestsOf(text: string, checksum: ChecksumName, list: string, name: string): string[] {
  const { length, ofAll } = CHECKSUMS[checksum]
  const pattern = new RegExp(`^([0-9a-f]{${2 * length}})(?: [ *](?:\\./)?(.*))?$`, 'i')
  return text.split('\n').flatMap((line) => {
    const [, digest, path = list === ofAll ? null : name] = pattern.exec(line.trimEnd()) ?? []
    return digest !== undefined && path === name ? [digest.toLowerCase()] : []
  })
}
