/** What a build tells of a function that does not initialise, each thing once: programs get it from several lists, people from one. */

import type { BuiltFunction } from '../../api/build.ts'

/** How the code cache, or a snapshot, has it. */
const NOTE_OF_FAILURE = /^the function could not initialise on this machine \(.*\), so (.*)$/s

export type ToldOnce = Pick<BuiltFunction, 'packageNotes' | 'notes'>

/** The notes that there are besides why it does not initialise. */
export function toldOnce({ initFailure, packageNotes, notes }: BuiltFunction): ToldOnce {
  if (initFailure === undefined) {
    return { packageNotes, notes }
  }
  return {
    // Of a file that it reads, the failure has the same advice.
    packageNotes: packageNotes.filter((note) => !initFailure.endsWith(adviceOf(note))),
    notes: notes.map((note) => note.replace(NOTE_OF_FAILURE, 'the function did not initialise, so $1')),
  }
}

function adviceOf(note: string): string {
  return note.slice(note.lastIndexOf('; '))
}
