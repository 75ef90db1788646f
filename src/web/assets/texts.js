// Numbers as the server's pages show them.

export function percentText(probability) {
  return `${(Math.min(Math.max(probability, 0), 1) * 100).toFixed(3)}%`;
}

export function millisecondsText(ms) {
  return `${ms.toFixed(1)} ms`;
}

export function sizeText(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
