// The path below which a proxy offers this site, such as /samoyed; empty if it is the root. This file is at
// {base path}/assets/{version}/base_path.js.
const own = new URL(import.meta.url).pathname;
export const basePath = own.slice(0, own.lastIndexOf('/assets/'));
