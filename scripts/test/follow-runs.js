import { Session } from 'node:inspector'
import { pathToFileURL } from 'node:url'

const SOURCES = pathToFileURL('dist/src/').href

/**
 * Begins to follow which functions of the program run in this process. Returns a function that
 * takes those since it was called last: by file below dist/src, the offsets at which they begin;
 * -1 for the file itself.
 */
export function followRuns() {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  return () => {
    const ran = {}
    session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error) throw error
      for (const { url, functions } of result) {
        // A module that is loaded once more has a query
        if (!url.startsWith(SOURCES) || url.includes('?')) continue
        const begins = functions.flatMap(({ functionName, ranges: [{ count, startOffset }] }) => {
          if (count === 0) return []
          // The code of the file itself, which may begin with a function
          return functionName === '' && startOffset === 0 ? -1 : startOffset
        })
        if (begins.length > 0) ran[url.slice(SOURCES.length)] = begins
      }
    })
    return ran
  }
}
