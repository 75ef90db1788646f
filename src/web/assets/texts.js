// Formats numbers as the server's pages do.

function percentOf(probability, decimals) {
  return (Math.min(Math.max(probability, 0), 1) * 100).toFixed(decimals);
}

export function percentText(probability) {
  return `${percentOf(probability, 3)}%`;
}

export function sureText(probability) {
  return `${percentOf(probability, 1)} % sure`;
}

export function millisecondsText(ms) {
  return `${ms.toFixed(1)} ms`;
}

export function sizeText(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
