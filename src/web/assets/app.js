// Progressive enhancement: everything on the page works without this script.
import {basePath} from './base_path.js';
import {watchChoices} from './choices.js';
import {ImageList} from './image_list.js';
import {watchWorkerForms} from './worker_changes.js';
import {WorkerFeed} from './worker_feed.js';
import {WorkerTable} from './worker_table.js';

const images = document.querySelector('.pictures');
if (images) {
  const list = new ImageList(images, document.querySelector('.left-out'));
  watchChoices(document.querySelector('form.upload'), (files) => list.add(files));
}

// Missing if the page shows no workers, or only the sign-in form.
const workers = document.querySelector('.worker-table')?.closest('.workers');
if (workers) {
  const table = new WorkerTable(workers);
  const feed = new WorkerFeed(`${basePath}/api/v1/workers/events`, (list) => table.show(list));
  watchWorkerForms(workers, table);
  feed.start();
}

document.documentElement.classList.add('script');
