import { readWhole } from '../../disk/look/read-bounded.js'
import { parseHeaders } from '../../core/remote/remote-content.js'
import type { RemoteAccess } from '../../core/remote/remote-file.js'

/** Largest file of headers in bytes. */
const MAX_HEADERS = 64 * 1024

/**
 * How servers are asked for content, with the headers that an option names.
 * @throws BtkitError `usage` for a file that has no headers, and as the system refuses
 */
export function remoteAccess(
  { headerFile }: { readonly headerFile?: string | undefined },
  access: Pick<RemoteAccess, 'signal' | 'onRetry'>,
): RemoteAccess {
  const headers = headerFile === undefined ? undefined : readHeaders(headerFile)
  const { signal, onRetry } = access
  return { signal, onRetry, headers }
}

function readHeaders(path: string): Record<string, string> {
  // Without the byte order mark that some editors put in front
  return parseHeaders(
    new TextDecoder().decode(readWhole(path, MAX_HEADERS, { mayWait: true })),
    path,
  )
}
