/** The part of markdown-it that formats READMEs. */
declare module 'markdown-it' {
  /** A part of a parsed text. */
  export interface Token {
    type: string
    /** The name of the element. */
    tag: string
    attrs: [name: string, value: string][] | null
    /** The parts of a line. */
    children: Token[] | null
    content: string
    /** The words after the beginning of a fenced block. */
    info: string
  }

  export interface MarkdownIt {
    readonly options: object
    readonly renderer: {
      readonly rules: object
      readonly render: (tokens: readonly Token[], options: object, environment: object) => string
    }
    /** Whether a link is one; otherwise its source is text. */
    validateLink: (address: string) => boolean
    readonly parse: (text: string, environment: object) => Token[]
  }

  const create: new (preset: string, options: object) => MarkdownIt
  export default create
}
