import type { ClientAddresses } from '../../server/connections/client-address.js'
import type { ServerContext } from '../../server/context.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import type { ActivityLog } from '../pages/activity.js'
import type { AdminRoute } from '../frame/visit.js'

/** The settings of the administration. */
export interface AdminSettings {
  readonly place: ListenPlace
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly clientAddresses: ClientAddresses
  /** Where browsers see the pages, if a proxy shows them; null if they ask this program itself. */
  readonly url: URL | null
  /** The file of users. */
  readonly usersFile: string
}

/** The parts that the pages need. */
export interface AdminParts extends ServerContext {
  readonly log: ActivityLog
  readonly routes: readonly AdminRoute[]
}
