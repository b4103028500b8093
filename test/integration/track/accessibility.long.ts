// In a process of its own: it closes its browser at the end
import { testPages } from './accessibility.js'

for (const colorScheme of ['light', 'dark'] as const) {
  testPages({ colorScheme, widths: [320, 800, 1000, 1440] })
}
