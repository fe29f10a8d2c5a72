/** Has the page work without a network from now on. In development there is nothing to keep. */
export function goOffline(): void {
  if (import.meta.env.MODE === 'development' || !('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('./service-worker.js').catch(() => undefined);
}
