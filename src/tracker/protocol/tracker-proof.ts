import { createHmac, timingSafeEqual } from 'node:crypto'

/** A call from one tracker to another. */
export interface TrackerCall {
  /** The `Host` of the called tracker. It is part of the proof, so no other tracker accepts it. */
  readonly host: string
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  /** The id of the calling tracker, 20 bytes. */
  readonly peerId: Uint8Array
}

/** The largest difference between the clocks of two trackers, in seconds. */
const MAX_SKEW = 300

/** Authenticates a call with a shared key. `now` is in seconds since 1970. */
export function proveCall(key: Uint8Array, call: TrackerCall, now: number): string {
  const time = Math.floor(now)
  return `${time}.${codeOf(key, call, time).toString('hex')}`
}

/** Whether the proof of a call was made with the key and is recent. */
export function isCallProved(
  key: Uint8Array,
  call: TrackerCall,
  { proof, now }: { readonly proof: string; readonly now: number },
): boolean {
  const match = /^(\d{1,12})\.([0-9a-f]{64})$/.exec(proof)
  if (match === null) return false
  const [, time = '', code = ''] = match
  if (Math.abs(Number(time) - now) > MAX_SKEW) return false
  return timingSafeEqual(Buffer.from(code, 'hex'), codeOf(key, call, Number(time)))
}

/** Authenticates peers as the answer to the call with `callProof`. Returns 32 bytes. */
export function proveAnswer(
  key: Uint8Array,
  callProof: string,
  { peers4, peers6 }: { readonly peers4: Uint8Array; readonly peers6: Uint8Array },
): Uint8Array {
  const sizes = `answer\n${callProof}\n${peers4.length}\n${peers6.length}\n`
  return createHmac('sha256', key).update(sizes).update(peers4).update(peers6).digest()
}

function codeOf(key: Uint8Array, { host, infoHash, peerId }: TrackerCall, time: number): Buffer {
  const hmac = createHmac('sha256', key).update(`call\n${host.toLowerCase()}\n${time}\n`)
  return hmac.update(infoHash).update(peerId).digest()
}
