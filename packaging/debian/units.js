import { readdirSync } from 'node:fs'

/**
 * The systemd units in a directory: all of them, and the services that run until they are stopped.
 * A service with a timer ends by itself.
 */
export function unitsIn(directory) {
  const all = readdirSync(directory).filter((each) =>
    /^btkit-.*\.(service|socket|timer)$/.test(each),
  )
  const hasTimer = (unit) => all.includes(unit.replace('.service', '.timer'))
  const services = all.filter((unit) => unit.endsWith('.service') && !hasTimer(unit))
  // Sockets and timers first: they would start a service again
  const starters = all.filter((unit) => !unit.endsWith('.service'))
  return { all, services, stopped: [...starters, ...services] }
}
