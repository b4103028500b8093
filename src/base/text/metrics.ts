/** A value at this moment (gauge), a count that only grows, or a histogram. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

/** A value, with the labels that distinguish it from others of its metric. */
export interface Sample {
  /** Suffix of the metric's name, such as `_sum`. */
  readonly suffix?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** A count that only grows, with one or several samples. */
export function counter(name: string, help: string, value: number | readonly Sample[]): Metric {
  return { name, help, type: 'counter', samples: samplesOf(value) }
}

/** A value at this moment, with one or several samples. */
export function gauge(name: string, help: string, value: number | readonly Sample[]): Metric {
  return { name, help, type: 'gauge', samples: samplesOf(value) }
}

export function histogram(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: 'histogram', samples }
}

function samplesOf(value: number | readonly Sample[]): readonly Sample[] {
  return typeof value === 'number' ? [{ value }] : value
}

/** Writes metrics in Prometheus' text format, version 0.0.4. */
export function formatMetrics(metrics: readonly Metric[]): string {
  const formatted = metrics.map(({ name, help, type, samples }) => {
    const lines = samples.map(({ suffix = '', labels = {}, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => {
        // The format knows just these three escapes
        return `${label}="${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`
      })
      return `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
    })
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
  })
  return formatted.join('')
}
