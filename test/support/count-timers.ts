/** The number of timers that keep this process from its end. */
export function countTimers(): number {
  return process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
}
