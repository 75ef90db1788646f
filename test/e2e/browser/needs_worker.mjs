// To be imported first by a test file that starts a worker: skips the file where the build has none.
import path from 'node:path';

// Exit status that CTest takes for "skipped" (SKIP_RETURN_CODE).
const skipped = 77;

if (process.env.SAMOYED_WITHOUT_WORKER) {
  console.log(`${path.basename(process.argv[1])}: skipped: needs samoyed-worker, which this build leaves out ` +
              '(SAMOYED_BUILD_WORKER=OFF)');
  process.exit(skipped);
}
