// Reads a whole cache file in a process of its own, which damage may end. Its argument is the file;
// it exits with DAMAGED if the file contradicts itself.
import { ABORT, open } from 'lmdb'

/** The exit status that reports damage. */
const DAMAGED = 3

/** A record that fits into no gap: to find one, LMDB reads its list of free pages. */
const LARGE = 1024 * 1024

process.exitCode = isSound(process.argv[2] ?? '') ? 0 : DAMAGED

function isSound(path: string): boolean {
  try {
    const options = { noSubdir: true, encoding: 'binary', keyEncoding: 'binary' } as const
    const database = open<Uint8Array, Uint8Array>({ path, compression: false, ...options })
    const { entryCount } = database.getStats() as { entryCount: number }
    let last = Buffer.alloc(0)
    let entries = 0
    for (const { key } of database.getRange()) {
      if (entries++ > 0 && Buffer.compare(last, key) >= 0) return false
      last = Buffer.from(key)
    }
    database.transactionSync(() => {
      database.putSync(Buffer.from('m/walk'), Buffer.alloc(LARGE))
      return ABORT
    })
    return entries === entryCount
  } catch {
    return false
  }
}
