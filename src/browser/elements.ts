/** All elements of a selector that have a type, such as `all(HTMLInputElement, 'td input')`. */
export function all<T extends Element>(
  type: new () => T,
  selector: string,
  within: ParentNode = document,
): T[] {
  return [...within.querySelectorAll<T>(selector)].filter((each) => each instanceof type)
}

/** The first element of a selector, if it has the type. */
export function first<T extends Element>(
  type: new () => T,
  selector: string,
  within: ParentNode = document,
): T | undefined {
  const found = within.querySelector(selector)
  return found instanceof type ? found : undefined
}

/** A new element with these properties. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  label?: string,
): HTMLElementTagNameMap[Name] {
  const made = Object.assign(document.createElement(name), properties)
  if (label !== undefined) made.setAttribute('aria-label', label)
  return made
}

/** The text of an element that people read, without the space around it. */
export function textOf(element: Element | null | undefined): string {
  return element?.textContent.trim() ?? ''
}
