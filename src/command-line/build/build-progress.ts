/**
 * Shows how a build goes on. Of one function, each step as it ends. Of several, on a terminal a line for each that is under
 * way, below what is said of those that are done; elsewhere plain lines, each with the function's name.
 */
import { clearScreenDown, moveCursor } from 'node:readline'
import type { BuildProgress, BuiltFunction } from '../../api/build.ts'
import type { LambdabinError } from '../../api/lambdabin-error.ts'
import { formatDiagnostics } from '../../compiler/bundle/bundle-failure.ts'
import { seconds, shortReport, stepLine, textReport } from './build-report.ts'

/** stderr, or what a test has in its place. */
export interface ProgressOutput {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export class BuildProgressLines {
  readonly #output: ProgressOutput
  #isOneFunction = true
  /** The step that each function is at. */
  readonly #underWay = new Map<string, string>()
  /** Why functions could not be built: what several have in common is said once. */
  readonly #failures = new Set<string>()
  #shownLines = 0
  /** What is to be written, in order: diagnostics take a moment. */
  #writing: Promise<void> = Promise.resolve()

  constructor(output: ProgressOutput) {
    this.#output = output
  }

  readonly hear = (progress: BuildProgress): void => {
    switch (progress.kind) {
      case 'selected':
        this.#isOneFunction = progress.functions.length < 2
        break
      case 'step':
        this.#underWay.set(progress.name, progress.step)
        this.#draw()
        break
      case 'step done':
        this.#stepDone(progress.name, progress.step)
        break
      case 'notice':
        this.#say(
          this.#isOneFunction ? `  ${progress.message}\n` : `  ${progress.name}: ${progress.message}\n`,
        )
        break
      case 'built':
        this.#underWay.delete(progress.name)
        this.#say(
          this.#isOneFunction ? textReport(progress.function) : shortReport(progress.function),
          progress.function,
        )
        break
      case 'failed':
        this.#underWay.delete(progress.name)
        this.#failed(progress.name, progress.error)
    }
  }

  /** Resolves when all is written. */
  async end(): Promise<void> {
    await this.#writing
    this.#erase()
  }

  #stepDone(name: string, step: { name: string; ms: number }): void {
    if (this.#isOneFunction) {
      this.#say(stepLine(step))
    } else if (!this.#output.isTTY) {
      this.#say(`  ${name}: ${step.name} ${seconds(step.ms)}\n`)
    }
  }

  /** That of one function is the command's own. */
  #failed(name: string, error: LambdabinError): void {
    if (!this.#isOneFunction && error.code !== 'ABORTED' && !this.#failures.has(error.message)) {
      this.#failures.add(error.message)
      this.#say(`  ${name} could not be built: ${error.message}\n`)
    }
  }

  #say(text: string, { warnings }: Pick<BuiltFunction, 'warnings'> = { warnings: [] }): void {
    this.#writing = this.#writing.then(async () => {
      const diagnostics =
        warnings.length > 0 ? `\n${await formatDiagnostics([...warnings], 'warning')}\n` : ''
      this.#erase()
      this.#output.write(diagnostics + text)
      this.#draw()
    })
  }

  #draw(): void {
    if (this.#isOneFunction || !this.#output.isTTY) {
      return
    }
    this.#erase()
    const width = this.#output.columns ?? 80
    const lines = [...this.#underWay].map(([name, step]) =>
      `  ${name.padEnd(16)} ${step} …`.slice(0, width - 1),
    )
    this.#output.write(lines.map((line) => `${line}\n`).join(''))
    this.#shownLines = lines.length
  }

  #erase(): void {
    if (this.#shownLines > 0) {
      const stream = this.#output as NodeJS.WritableStream
      moveCursor(stream, 0, -this.#shownLines)
      clearScreenDown(stream)
      this.#shownLines = 0
    }
  }
}
