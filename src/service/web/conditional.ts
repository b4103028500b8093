import type { IncomingHttpHeaders } from 'node:http'

/** What tells one state of a resource from another. */
export interface Validators {
  /** In quotes. */
  readonly etag: string
  /** As HTTP writes dates. */
  readonly lastModified: string
}

/** Whether a client has this state already, so that 304 will do (RFC 9110, section 13). */
export function isUnmodified(
  headers: IncomingHttpHeaders,
  { etag, lastModified }: { readonly etag: string; readonly lastModified: string | null },
): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) return tags.trim() === '*' || listTags(tags).includes(etag)
  // A file may be replaced by an older one, so no date but the same counts
  return lastModified !== null && headers['if-modified-since'] === lastModified
}

/** The tags of a list, weak ones as if they were strong. */
function listTags(list: string): string[] {
  return list.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
}
