import { BtkitError } from '../../base/errors.js'
import { isSeed } from '../../metainfo/trackers.js'
import { CHECKSUMS, CHECKSUM_NAMES } from '../checksums/list.js'
import type { ListedChecksum } from '../make/streamed-file.js'

/** A file of a release, as the APIs of GitHub and Gitea (Forgejo, Codeberg) describe it. */
interface Asset {
  readonly name: string
  readonly browser_download_url: string
  /** GitHub: `uploaded`, or another word while it is uploaded. */
  readonly state?: unknown
  /** GitHub: `sha256:` and the digest. */
  readonly digest?: unknown
  /** Gitea: another one for each upload. */
  readonly uuid?: unknown
  /** GitHub: another one for each upload. */
  readonly id?: unknown
  readonly size?: unknown
  readonly updated_at?: unknown
}

/** A file of a release as an entry of a list. */
interface ReleaseFile {
  readonly path: string
  readonly url: string
  readonly checksum: ListedChecksum[]
  readonly version: string
}

interface Release {
  readonly tag_name: string
  readonly assets: readonly unknown[]
}

/**
 * Returns the files of a release in the JSON of GitHub's or Gitea's API, or those of several, each
 * in a directory with the name of its tag; null for another text. A draft has none.
 * @throws BtkitError `metainfo` for a file whose address is none of HTTP; `name` is that of the
 *   list
 */
export function releaseEntries(text: string, name: string): ReleaseFile[] | null {
  if (!/^\s*[[{]/.test(text)) return null
  const value = parseJson(text)
  if (isRelease(value)) return assetsOf(value, '', name)
  if (!Array.isArray(value) || !value.every(isRelease)) return null
  return value.flatMap((release) => assetsOf(release, `${release.tag_name}/`, name))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isRelease(value: unknown): value is Release {
  const { tag_name: tag, assets } = (value ?? {}) as Partial<Release>
  return typeof tag === 'string' && Array.isArray(assets)
}

function assetsOf(release: Release, place: string, list: string): ReleaseFile[] {
  if ((release as { readonly draft?: unknown }).draft === true) return []
  return release.assets.flatMap((asset) => {
    const { name, browser_download_url: url, state = 'uploaded' } = (asset ?? {}) as Partial<Asset>
    if (typeof name !== 'string' || typeof url !== 'string' || !isSeed(url) || !/^http/i.test(url))
      throw new BtkitError('metainfo', `${list}: has a file without a name or an http address`)
    return state === 'uploaded' ? { path: place + name, url, ...factsOf(asset as Asset) } : []
  })
}

/** The words of a release on the state of a file. */
function factsOf({ digest, uuid, id, size, updated_at: updated }: Asset) {
  const [, spelled, hex = ''] = /^(\w+):([0-9a-f]+)$/.exec(String(digest)) ?? []
  const name = CHECKSUM_NAMES.find((each) => each === spelled)
  const isWhole = name !== undefined && hex.length === 2 * CHECKSUMS[name].length
  const checksum = isWhole ? [{ name, digest: Buffer.from(hex, 'hex') }] : []
  return { checksum, version: JSON.stringify([uuid, id, size, updated]) }
}
