/** The versions that may come after one: a patch, a minor or a major release. */
export function nextVersions(version) {
  const [major, minor, patch] = version.split('.').map(Number);
  return [`${major}.${minor}.${patch + 1}`, `${major}.${minor + 1}.0`, `${major + 1}.0.0`];
}

/**
 * A changelog whose unreleased part has become that of a version.
 *
 * @throws Error where nothing is unreleased
 */
export function changelogOf(text, version, date) {
  const [, before, news, after] = /^([\s\S]*?)^## Unreleased\n([\s\S]*?)(^## [\s\S]*)?$(?![\s\S])/m.exec(text) ?? [];
  if (!news?.trim()) throw new Error('CHANGELOG.md: expected news under "## Unreleased", got none');
  const heading = `## ${version} (${date.toISOString().slice(0, 10)})`;
  return {
    text: `${before}## Unreleased\n\n${heading}\n\n${news.trim()}\n${after ? `\n${after}` : ''}`,
    news: news.trim(),
  };
}
