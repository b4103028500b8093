/** Network settings of a client that btkit starts. */
export interface OwnClientSettings {
  /** The range of ports for peers. */
  readonly minPort: number
  readonly maxPort: number
  /** The address to announce to trackers; null for the one that they see. */
  readonly announcedAddress: string | null
  /** The address to bind to; null for all. */
  readonly bindAddress: string | null
  /** KiB a second; 0 for no limit. */
  readonly maxUploadRate: number
  /** KiB a second; 0 for no limit. */
  readonly maxDownloadRate: number
  /** Certificates in PEM to trust instead of the system's; null for the system's. */
  readonly caCertificates: string | null
  /** Whether it will request the metadata of a magnet link. */
  readonly asksMetadata: boolean
  /** Whether it must support hybrids. */
  readonly opensHybrids: boolean
  /** Whether it must download from web seeds. */
  readonly takesWebSeeds: boolean
}
