import { connect } from 'node:net'
import { BtkitError } from '../../../base/errors.js'
import { badAnswer, callClient, collectAnswer, type HttpCallOptions } from '../http-call.js'

/** The SCGI socket of rtorrent. */
export type ScgiEndpoint =
  // A Unix socket
  { readonly path: string } | { readonly host: string; readonly port: number }

const SCGI_VERSION = 1

/**
 * Sends a request by SCGI, and returns the body of the answer.
 * @throws BtkitError `unreachable` if there is no answer in time, `client` if it is invalid,
 *   `interrupted`
 */
export async function callScgi(
  endpoint: ScgiEndpoint,
  body: string,
  options: HttpCallOptions,
): Promise<string> {
  const { label } = options
  const socket = connect(endpoint)
  try {
    return await callClient(options, async () => {
      socket.write(frame(body))
      return bodyOf(await collectAnswer(socket, label), label)
    })
  } finally {
    socket.destroy()
  }
}

/** Builds a request: headers as a netstring, followed by the body. */
function frame(body: string): Buffer {
  const content = Buffer.from(body)
  const headers = `CONTENT_LENGTH\0${content.length}\0SCGI\0${SCGI_VERSION}\0`
  return Buffer.concat([Buffer.from(`${headers.length}:${headers},`), content])
}

function bodyOf(answer: Buffer, label: string): string {
  const end = answer.indexOf('\r\n\r\n')
  if (answer.length === 0) {
    throw new BtkitError('unreachable', `${label}: closed the connection without an answer`)
  }
  if (end === -1) throw badAnswer(label, 'no SCGI')
  return answer.subarray(end + 4).toString()
}
