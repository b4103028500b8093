import { TimeSlices } from '../../src/mirror/admission/time-slices.js'

/** Slices of time by this machine's clock. */
export function realSlices(): TimeSlices {
  return new TimeSlices(() => performance.now())
}
