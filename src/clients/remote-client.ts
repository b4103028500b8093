import type { ClientAddress } from './address.js'
import type { CallOptions } from './http-call.js'

/** What the drivers of all clients have: whom they speak to, and how. */
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
