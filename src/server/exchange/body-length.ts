import type { IncomingMessage, ServerResponse } from 'node:http'

/** The header of a response as it went over the wire; nothing where Node does not keep it. */
export function renderedHeader(response: ServerResponse): string {
  return (response as unknown as { readonly _header?: string | null })._header ?? ''
}

/** Bytes of the body of an answer that was sent in full; `sent` if its header does not say. */
export function bodyLength(
  { method }: IncomingMessage,
  response: ServerResponse,
  sent = 0,
): number {
  if (method === 'HEAD') return 0
  const header = renderedHeader(response)
  const isChunked = /^transfer-encoding: chunked/im.test(header)
  return isChunked ? sent : Number(/^content-length: (\d+)/im.exec(header)?.[1] ?? 0)
}
