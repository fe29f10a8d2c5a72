// Says that it runs.
self.postMessage('here');
