/**
 * Loads a package that may not be installed. Bundlers do not see the name: for browsers they would fail on packages that
 * only Node has, even in apps that never come here.
 */
export function importOptional(name: string): Promise<unknown> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
