/** A period of the history: `length` slots of `slot` milliseconds each. */
export interface Period {
  readonly slot: number
  readonly length: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** The periods for which counts are kept. */
export const PERIODS = {
  day: { slot: 5 * MINUTE, length: 288 },
  week: { slot: HOUR, length: 168 },
  year: { slot: 24 * HOUR, length: 366 },
} as const satisfies Readonly<Record<string, Period>>

export type PeriodName = keyof typeof PERIODS

/** A period and the number of its first slot among all slots. */
export interface Ring extends Period {
  readonly name: PeriodName
  readonly start: number
}

/** The periods, one after the other. */
export const RINGS: readonly Ring[] = [
  { name: 'day', ...PERIODS.day, start: 0 },
  { name: 'week', ...PERIODS.week, start: PERIODS.day.length },
  { name: 'year', ...PERIODS.year, start: PERIODS.day.length + PERIODS.week.length },
]

/** Number of slots of all periods. */
export const SLOTS = PERIODS.day.length + PERIODS.week.length + PERIODS.year.length

/** The place of a time (milliseconds since 1970) among the slots of all periods. */
export function placeOf({ slot, length, start }: Ring, at: number): number {
  return start + (slotOf(slot, at) % length)
}

/** The number of a slot since 1970. */
export function slotOf(slot: number, at: number): number {
  return Math.max(0, Math.floor(at / slot))
}
