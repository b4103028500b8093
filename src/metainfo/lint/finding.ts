import type { Metainfo } from '../metainfo.js'

/**
 * The severity of a finding. An error keeps programs from using the torrent, or makes it dangerous.
 * A warning keeps some programs or systems from using all of it. A note is allowed but seldom
 * wanted.
 */
export type Severity = 'error' | 'warning' | 'note'

/**
 * A rule. It yields a message for each problem; there may be millions, of which the caller reads a
 * few.
 */
export type LintRule = (metainfo: Metainfo) => Iterable<string>

/** Rules by the code of their findings. */
export type LintRules = Readonly<Record<string, LintRule>>
