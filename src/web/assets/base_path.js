// The path below which a proxy offers this site, such as /samoyed; empty if it is the root. This file is at
// {base path}/assets/base_path.js.
export const basePath = new URL('..', import.meta.url).pathname.slice(0, -1);
