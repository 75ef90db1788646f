// Import this first in a test file that starts a worker: it skips the file if the build has no worker.
import path from 'node:path';

// The exit status that CTest reads as "skipped" (SKIP_RETURN_CODE).
const skipped = 77;

if (process.env.SAMOYED_WITHOUT_WORKER) {
  console.log(`${path.basename(process.argv[1])}: skipped: needs samoyed-worker, which this build leaves out ` +
              '(SAMOYED_BUILD_WORKER=OFF)');
  process.exit(skipped);
}
