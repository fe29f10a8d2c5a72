/** Who hears of every file that `files.ts` opens: apart from it, so that whoever listens need not load what reads models. */
let watcher: (path: string) => void = () => {};

/** Calls a listener with the path of every file that is opened from now on. */
export function watchOpening(watch: (path: string) => void): void {
  watcher = watch;
}

/** Tells of a file that has been opened. */
export function tellOpening(path: string): void {
  watcher(path);
}
