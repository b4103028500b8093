import type { ClientAddress } from './address.js'
import type { CallOptions } from './http-call.js'

/** Base class of all client drivers, with the address and the request options. */
export abstract class RemoteClient {
  constructor(
    protected readonly address: ClientAddress,
    protected readonly options: CallOptions,
  ) {}

  get label(): string {
    return this.address.label
  }
}
