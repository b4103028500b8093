import type { ClientAddress } from './address.js'
import type { CallOptions } from './http-call.js'

/** Base class of all client drivers, with the address and the request options. */
export abstract class RemoteClient {
  protected readonly address: ClientAddress
  protected readonly options: CallOptions

  constructor(address: ClientAddress, options: CallOptions) {
    this.address = address
    this.options = options
  }

  get label(): string {
    return this.address.label
  }
}
