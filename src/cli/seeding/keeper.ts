import {
  MOST_TOLD,
  nameProblem,
  SeedKeeper,
  type SeedTarget,
} from '../../core/keep-seeded/reconcile.js'
import { type PlacesOptions, torrentPlaces } from '../../core/keep-seeded/wanted.js'
import { UnsettledData, type WholeTorrent } from '../../core/keep-seeded/whole-data.js'
import type { OnTrackerChange } from '../../seeding/peer/announcer.js'
import { withDataAdvice } from '../output/data-advice.js'
import { count } from '../../base/text/quantity.js'
import type { Report } from '../output/report.js'

/**
 * Notes torrents that are added and dropped: the first ones between two looks, and how many others.
 */
export class ChangeNotes {
  readonly #counts = new Map<string, number>()
  #hasAdded = false

  /**
   * `endsWithout` is whether a problem before anything is seeded ends the run, `takesData` whether
   * the command has --data.
   */
  constructor(
    private readonly report: Pick<Report, 'note' | 'fail'>,
    private readonly rules: { readonly endsWithout?: boolean; readonly takesData?: boolean } = {},
  ) {}

  add(verb: 'added' | 'dropped', torrent: string | null): void {
    const number = (this.#counts.get(verb) ?? 0) + 1
    this.#counts.set(verb, number)
    if (number <= MOST_TOLD) this.report.note(`${verb} ${torrent}`)
  }

  /** Creates a keeper that says what it adds and drops. */
  keeperFor(places: PlacesOptions, target: SeedTarget<WholeTorrent>): SeedKeeper<WholeTorrent> {
    const { note, fail } = this.report
    return new SeedKeeper(torrentPlaces(places), target, {
      onAdded: ({ torrent, infoHash }, before) => {
        this.#hasAdded = true
        if (infoHash !== before) this.add('added', torrent)
      },
      onDropped: ({ torrent }) => {
        this.add('dropped', torrent)
      },
      onUpdated: () => {
        for (const [verb, number] of this.#counts)
          if (number > MOST_TOLD) note(`${verb} ${count(number - MOST_TOLD, 'other torrent')}`)
        this.#counts.clear()
      },
      onProblem: (what, problem) => {
        const { endsWithout = false, takesData = false } = this.rules
        const facts = { torrent: what, problem, takesData }
        const named = withDataAdvice(nameProblem(what, problem), facts)
        const mayFollow = !endsWithout || this.#hasAdded || problem instanceof UnsettledData
        if (!mayFollow) throw named
        fail(named)
      },
      onMore: (more) => {
        note(`${count(more, 'other torrent')} cannot be seeded; btkit status says why`)
      },
    })
  }
}

/** Says how trackers fail, once for all torrents, and that they answer again. */
export function reportTrackers({ alert, note }: Pick<Report, 'alert' | 'note'>): OnTrackerChange {
  return (torrent, { tracker, problem }) => {
    if (problem === null) note(`${tracker}: answers again`)
    else alert(`${torrent.path ?? torrent.name}: ${tracker}: ${problem}`)
  }
}
