import type { IncomingMessage, ServerResponse } from 'node:http'

/** The header of a response as it went over the wire; nothing where Node does not keep it. */
export function renderedHeader(response: ServerResponse): string {
  return (response as unknown as { readonly _header?: string | null })._header ?? ''
}

/** Bytes of the body of an answer that was sent in full. */
export function bodyLength({ method }: IncomingMessage, response: ServerResponse): number {
  if (method === 'HEAD') return 0
  return Number(/^content-length: (\d+)/im.exec(renderedHeader(response))?.[1] ?? 0)
}
