const script = document.currentScript

/** The address of the first page, beside which the script is. */
export const base = new URL('.', script instanceof HTMLScriptElement ? script.src : location.href)

/** The fields of a form, without files. */
export function textFields(form: HTMLFormElement): [name: string, value: string][] {
  return [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : [],
  )
}

/** Sends a form as one of its buttons would, and reads the page that answers. */
export async function postForm(
  form: HTMLFormElement,
  body: FormData | URLSearchParams,
  signal: AbortSignal | null = null,
): Promise<Document> {
  const answer = await fetch(form.action, { method: 'POST', body, signal })
  return new DOMParser().parseFromString(await answer.text(), 'text/html')
}
