/** A figure at this moment, or a count that only grows. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly Sample[]
}

/** A value, and what tells it from the others of its metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** Writes metrics in Prometheus' text format, version 0.0.4. */
export function formatMetrics(metrics: readonly Metric[]): string {
  return metrics.map(formatMetric).join('')
}

function formatMetric({ name, help, type, samples }: Metric): string {
  const lines = samples.map(({ labels = {}, value }) => `${name}${formatLabels(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}

/** Counts answers by what was asked for and by status. */
export class RequestCounter {
  readonly #counts = new Map<string, { route: string; status: number; count: number }>()

  count(route: string, status: number): void {
    const key = `${route} ${status}`
    const entry = this.#counts.get(key)
    if (entry) entry.count++
    else this.#counts.set(key, { route, status, count: 1 })
  }

  samples(): Sample[] {
    return [...this.#counts.values()].map(({ route, status, count }) => {
      return { labels: { route, code: String(status) }, value: count }
    })
  }
}
