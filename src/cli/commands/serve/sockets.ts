import type { PassedSocket } from '../../../web/passed-sockets.js'
import { socketsPassed } from '../../arguments/server-options.js'
import type { Io } from '../../io.js'
import type { ServeOptions } from './options.js'

/** What the service manager calls sockets that are the tracker's. */
const OF_TRACKER = 'tracker'

/** Sockets that were passed to this process; null where there are none. */
export interface SharedSockets {
  readonly service: readonly PassedSocket[] | null
  readonly tracker: readonly PassedSocket[] | null
}

/**
 * Which of the sockets that were passed are the service's and which its tracker's.
 * @throws BtkitError when they can't be listened on
 */
export function sharedSockets({ track }: Pick<ServeOptions, 'track'>, io: Io): SharedSockets {
  const sockets = socketsPassed(io) ?? []
  if (track === undefined) return { service: orNull(sockets), tracker: null }
  return {
    service: orNull(sockets.filter(({ name }) => name !== OF_TRACKER)),
    tracker: orNull(sockets.filter(({ name }) => name === OF_TRACKER)),
  }
}

function orNull(sockets: readonly PassedSocket[]): readonly PassedSocket[] | null {
  return sockets.length === 0 ? null : sockets
}
