/** What a client of its own is told about the network. */
export interface OwnClientSettings {
  /** The first and the last of the ports at which peers may reach it. */
  readonly minPort: number
  readonly maxPort: number
  /** The address that trackers are told; null for the one that they see. */
  readonly announcedAddress: string | null
  /** The address that it binds to; null for all. */
  readonly bindAddress: string | null
  /** In KiB a second; 0 for no limit. */
  readonly maxUploadRate: number
  /** Likewise. */
  readonly maxDownloadRate: number
  /** Certificates in PEM that it trusts instead of the system's; null for those. */
  readonly caCertificates: string | null
  /** Whether it is to get the metadata of a magnet link. */
  readonly asksMetadata: boolean
  /** Whether it is to open hybrids. */
  readonly opensHybrids: boolean
  /** Whether it is to download from web seeds. */
  readonly takesWebSeeds: boolean
}
