import { setTimeout } from 'node:timers/promises'

/** Waits until files that were written just now count as settled, for tests of whole programs. */
export async function letFilesSettle(): Promise<void> {
  await setTimeout(2100)
}
