import type { BtkitError } from '../../errors.js'
import { asWord } from './rows.js'
import type { XmlRpcStruct, XmlRpcValue } from './xml-rpc.js'

/** What the call comes to for a torrent that is being checked. */
const CHECKING = 'checking'

/**
 * A call that takes a torrent out unless its data is being checked. rtorrent 0.9.8 waits for itself for
 * ever when that is taken away from it; between asking and erasing nothing else happens in it.
 */
export function eraseCall(infoHash: string): XmlRpcStruct {
  const params = [infoHash.toUpperCase(), 'd.is_hash_checking=', `cat=${CHECKING}`, 'd.erase=']
  return { methodName: 'branch', params }
}

/** Whether that is what such a call came to: the torrent is still there. */
export function isChecking(result: XmlRpcValue | BtkitError | undefined): boolean {
  return Array.isArray(result) && asWord((result as XmlRpcValue[])[0]) === CHECKING
}
