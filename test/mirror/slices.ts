import { TimeSlices } from '../../src/mirror/admission/time-slices.js'

/** Slices of time by the clock of this machine. */
export function realSlices(): TimeSlices {
  return new TimeSlices(() => performance.now())
}
