import { createDiffieHellman, createHash, randomBytes, randomInt } from 'node:crypto'
import { tryOr } from '../../base/errors.js'
import { loadNative } from '../../base/native-addon.js'
import type { Protocol } from './arrived.js'
import type { InfoHash } from '../../metainfo/values.js'

// The encryption of connections that BitTorrent clients agree on, "message stream encryption": a
// key exchange, after which the stream is RC4, or plain. It hides what is sent from filters of
// providers; it proves nothing. No package offers it by itself

/** The prime of the key exchange; its generator is 2. */
const PRIME =
  'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd' +
  'ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563'

/** Bytes of a public key. */
const KEY = 96

/** Most bytes of padding anywhere. */
const PADDING = 512

/** Zeros by which the ends see that they have the same keys. */
const CHECK = Buffer.alloc(8)

/** Ways to go on, as bits: as plain text, and with RC4. */
const PLAIN = 1
const RC4 = 2

/** The native addon's function; see native/rc4.h. */
type Encipher = (state: Uint8Array, from: Uint8Array, to: Uint8Array) => void

const addon = loadNative<{ readonly rc4: Encipher }>('rc4')

/** Fewest bytes that the addon enciphers. */
const LARGE = 512

/** Enciphers or deciphers the next bytes of a stream, into `room` if there is one. */
export type Cipher = (bytes: Uint8Array, room?: Buffer) => Buffer

/** How a connection goes on after the key exchange. */
export interface Agreed {
  /** Null for plain text. */
  readonly encrypt: Cipher | null
  readonly decrypt: Cipher | null
  /** Bytes that came with the exchange, deciphered. */
  readonly initial: Buffer
}

/** Sends bytes as they are. */
type Send = (bytes: Uint8Array) => void

/**
 * Answers the other end, whose first bytes have come. `find` returns the info hash whose digest
 * with `req2` the other end sent, or null. Returns null if the two ends do not agree.
 */
export function* acceptEncryption(
  first: Buffer,
  send: Send,
  find: (digest: string) => InfoHash | null,
): Protocol<Agreed | null> {
  const theirs = Buffer.concat([first, yield KEY - first.length])
  const exchanged = exchangeKeys(theirs)
  if (!exchanged) return null
  send(Buffer.concat([exchanged.own, padding()]))
  const { secret } = exchanged
  if (!(yield* skipTo(sha1('req1', secret)))) return null
  const infoHash = find(xor(yield 20, sha1('req3', secret)).toString('hex'))
  if (infoHash === null) return null
  const [encrypt, decrypt] = ciphersOf(secret, infoHash, ['keyB', 'keyA'])
  const head = decrypt(yield CHECK.length + 6)
  const length = head.readUInt16BE(12)
  if (!head.subarray(0, 8).equals(CHECK) || length > PADDING) return null
  decrypt(yield length)
  const initial = decrypt(yield decrypt(yield 2).readUInt16BE(0))
  const offered = head.readUInt32BE(8)
  // Plain text costs neither end anything
  const chosen = offered & PLAIN ? PLAIN : offered & RC4
  if (chosen === 0) return null
  send(encrypt(Buffer.concat([CHECK, uint32(chosen), paddingWithLength()])))
  return agreed(chosen, encrypt, decrypt, initial)
}

/** Begins an encrypted connection for a torrent. Returns null if the two ends do not agree. */
export function* beginEncryption(infoHash: InfoHash, send: Send): Protocol<Agreed | null> {
  const own = keyPair()
  send(Buffer.concat([own.publicKey, padding()]))
  const secret = own.secretWith(yield KEY)
  if (!secret) return null
  const [encrypt, decrypt] = ciphersOf(secret, infoHash, ['keyA', 'keyB'])
  send(
    Buffer.concat([
      sha1('req1', secret),
      xor(sha1('req2', Buffer.from(infoHash, 'hex')), sha1('req3', secret)),
      encrypt(Buffer.concat([CHECK, uint32(PLAIN | RC4), paddingWithLength(), Buffer.alloc(2)])),
    ]),
  )
  if (!(yield* skipTo(decrypt(CHECK)))) return null
  const head = decrypt(yield 6)
  const [chosen, length] = [head.readUInt32BE(0), head.readUInt16BE(4)]
  if ((chosen !== PLAIN && chosen !== RC4) || length > PADDING) return null
  decrypt(yield length)
  return agreed(chosen, encrypt, decrypt, Buffer.alloc(0))
}

function agreed(chosen: number, encrypt: Cipher, decrypt: Cipher, initial: Buffer): Agreed {
  return chosen === RC4 ? { encrypt, decrypt, initial } : { encrypt: null, decrypt: null, initial }
}

/** Skips padding up to some bytes, and those bytes. Returns false if they do not come. */
function* skipTo(mark: Buffer): Protocol<boolean> {
  let seen = Buffer.from(yield mark.length)
  for (let skipped = 0; !seen.equals(mark); skipped++) {
    if (skipped === PADDING) return false
    seen = Buffer.concat([seen.subarray(1), yield 1])
  }
  return true
}

let group: ReturnType<typeof createDiffieHellman> | null = null

/**
 * A connection's keys for the exchange. Connections share the group: OpenSSL checks its prime
 * whenever it is made, for 13 ms of the processor, which strangers could ask for at will.
 */
function keyPair() {
  const privateKey = randomBytes(20)
  const own = () => {
    group ??= createDiffieHellman(PRIME, 'hex', 2)
    group.setPrivateKey(privateKey)
    return group
  }
  const publicKey = Buffer.alloc(KEY)
  const key = own().generateKeys()
  publicKey.set(key, KEY - key.length)
  /** Null for a key that no honest end has, such as 0. */
  const secretWith = (theirs: Uint8Array) => tryOr(null, () => own().computeSecret(theirs))
  return { publicKey, secretWith }
}

function exchangeKeys(theirs: Uint8Array): { own: Buffer; secret: Buffer } | null {
  const { publicKey, secretWith } = keyPair()
  const secret = secretWith(theirs)
  return secret && { own: publicKey, secret }
}

function ciphersOf(
  secret: Buffer,
  infoHash: InfoHash,
  [own, theirs]: readonly [string, string],
): [Cipher, Cipher] {
  const torrent = Buffer.from(infoHash, 'hex')
  return [rc4(sha1(own, secret, torrent)), rc4(sha1(theirs, secret, torrent))]
}

/** RC4 without its first 1024 bytes. OpenSSL 3 has it only as a legacy that Node does not load. */
function rc4(key: Uint8Array): Cipher {
  // The last two are the indices
  const box = Uint8Array.from({ length: 258 }, (_, n) => (n < 256 ? n : 0))
  for (let n = 0, m = 0; n < 256; n++) {
    const swapped = box[n] ?? 0
    m = (m + swapped + (key[n % key.length] ?? 0)) & 0xff
    box[n] = box[m] ?? 0
    box[m] = swapped
  }
  const cipher: Cipher = (bytes, room = Buffer.allocUnsafe(bytes.length)) => {
    const out = room.subarray(0, bytes.length)
    const apply = bytes.length < LARGE ? applyRc4 : (addon?.rc4 ?? applyRc4)
    apply(box, bytes, out)
    return out
  }
  cipher(Buffer.alloc(1024))
  return cipher
}

/** Does what the addon's function does, which takes longer to call for a few bytes. */
function applyRc4(box: Uint8Array, from: Uint8Array, to: Uint8Array): void {
  let [i = 0, j = 0] = box.subarray(256)
  for (let at = 0; at < from.length; at++) {
    i = (i + 1) & 0xff
    const a = box[i] ?? 0
    j = (j + a) & 0xff
    const b = box[j] ?? 0
    box[i] = b
    box[j] = a
    to[at] = (from[at] ?? 0) ^ (box[(a + b) & 0xff] ?? 0)
  }
  box.set([i, j], 256)
}

function sha1(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, n) => byte ^ (b[n] ?? 0)))
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function padding(): Buffer {
  return randomBytes(randomInt(PADDING + 1))
}

function paddingWithLength(): Buffer {
  const bytes = padding()
  return Buffer.concat([uint32(bytes.length).subarray(2), bytes])
}
