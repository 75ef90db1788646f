// Progressive enhancement: everything on the page works without this script.
import {basePath} from './base_path.js';
import {watchChoices} from './choices.js';
import {ImageList} from './image_list.js';
import {watchWorkerForms} from './worker_changes.js';
import {WorkerFeed} from './worker_feed.js';
import {WorkerTable} from './worker_table.js';

const pictures = document.querySelector('.pictures');
const images = pictures && new ImageList(pictures, document.querySelector('.left-out'));
if (images) watchChoices(document.querySelector('form.upload'), images);

// Missing if the page shows no workers, or only the sign-in form.
const workers = document.querySelector('.worker-table')?.closest('.workers');
if (workers) {
  const table = new WorkerTable(workers);
  const feed = new WorkerFeed(`${basePath}/api/v1/workers`, {
    show({workers: list, dispatcher, discovery}) {
      table.show(list);
      table.showDispatcher(dispatcher);
      table.showNames(discovery);
      images?.sawWorkers(list);
    },
    showLost: () => table.showLost(),
    showSignedOut: () => table.showSignedOut(),
  });
  watchWorkerForms(workers, table);
  feed.start();
}

document.documentElement.classList.add('script');
