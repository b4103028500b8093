import { AddressSet, parseAddressRange, type AddressRange } from './address-ranges.js'
import { LinesFile } from './lines-file.js'

export interface AddressRulesParts {
  /** A file of the only addresses that may ask; null for all. */
  readonly allowedFile: string | null
  /** A file of addresses that may not ask; null for none. */
  readonly bannedFile: string | null
  /** Receives problems with the files; the tracker continues. */
  readonly report: (message: string) => void
}

/** Decides which addresses may ask the tracker. */
export class AddressRules {
  readonly #allowed: AddressFile | null
  readonly #banned: AddressFile | null

  constructor({ allowedFile, bannedFile, report }: AddressRulesParts) {
    this.#allowed = allowedFile === null ? null : new AddressFile(allowedFile, report)
    this.#banned = bannedFile === null ? null : new AddressFile(bannedFile, report)
  }

  /** Whether an address may ask. Null stands for a client on a Unix socket. */
  permits(address: string | null): boolean {
    if (address === null) return this.#allowed === null
    return !this.#banned?.set.has(address) && (this.#allowed?.set.has(address) ?? true)
  }

  /**
   * Reads the files that changed.
   * @throws BtkitError if a file cannot be read the first time
   */
  async refresh(): Promise<void> {
    await this.#allowed?.refresh()
    await this.#banned?.refresh()
  }
}

/** The addresses in a file, in the forms that parseAddressRange reads. */
class AddressFile {
  readonly #file: LinesFile<AddressRange>
  #read: readonly AddressRange[] | null = null
  set = new AddressSet([])

  constructor(path: string, report: (message: string) => void) {
    const parts = { parseLine: parseAddressRange, expected: 'address or range of addresses' }
    this.#file = new LinesFile({ path, report, ...parts })
  }

  async refresh(): Promise<void> {
    await this.#file.refresh()
    if (this.#file.values === this.#read) return
    this.#read = this.#file.values
    this.set = new AddressSet(this.#read)
  }
}
