import { setImmediate } from 'node:timers'
import { monotonicNow } from '../../base/process.js'

/** Milliseconds that such work may keep the event loop before all other work has its turn. */
const TURN = 4

/** The acts that wait for a turn, the oldest first. */
const waiting = new Set<() => void>()
let isTurnDue = false

/**
 * Acts when it has its turn: some milliseconds of such acts, then all other work, and so on. A thousand clients
 * may want the same at once.
 */
export function inTurn(act: () => void): void {
  waiting.add(act)
  if (!isTurnDue) setImmediate(takeTurn)
  isTurnDue = true
}

function takeTurn(): void {
  const end = monotonicNow() + TURN
  for (const act of waiting) {
    waiting.delete(act)
    act()
    if (monotonicNow() >= end) break
  }
  isTurnDue = waiting.size > 0
  if (isTurnDue) setImmediate(takeTurn)
}

let turnEnd = Infinity

/** Whether the event loop has worked for a whole turn since this was first asked in it. */
export function isTurnOver(): boolean {
  const now = monotonicNow()
  if (turnEnd !== Infinity) return now >= turnEnd
  turnEnd = now + TURN
  setImmediate(() => {
    turnEnd = Infinity
  })
  return false
}
