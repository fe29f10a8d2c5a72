/** What is wrong with an edit. */
export type EditProblem =
  /** A name is given to a second value. */
  | 'NAME_TAKEN'
  /** There is no such value, tensor or node where it is looked for. */
  | 'NOT_FOUND'
  /** A node reads what nobody makes any more. */
  | 'DANGLING'
  /** A node would read what is made from what it makes. */
  | 'CYCLE';

/**
 * An edit that would leave a graph that no reader takes: a mistake of the code that edits, never of a file.
 *
 * @example
 * try {
 *   editor.finish();
 * } catch (error) {
 *   if (error instanceof EditError && error.problem === 'DANGLING') console.log(error.value);
 *   else throw error;
 * }
 */
export class EditError extends RangeError {
  readonly problem: EditProblem;
  /** The name of the value that it is about. */
  readonly value: string;

  constructor(problem: EditProblem, value: string, message: string) {
    super(message);
    this.name = 'EditError';
    this.problem = problem;
    this.value = value;
  }
}
