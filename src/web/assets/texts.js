// Formats numbers, times and lists as the server's pages do. Pages are in English, whatever the browser's
// language is, so that a page doesn't mix languages or digits.

export const locale = 'en-GB';

const clock = new Intl.DateTimeFormat(locale, {timeStyle: 'medium'});
const dateAndClock = new Intl.DateTimeFormat(locale, {dateStyle: 'medium', timeStyle: 'short'});

const namesMax = 3;

function percentOf(probability, decimals) {
  return (Math.min(Math.max(probability, 0), 1) * 100).toFixed(decimals);
}

export function percentText(probability) {
  return `${percentOf(probability, 3)}%`;
}

export function sureText(probability) {
  return `${percentOf(probability, 1)} % sure`;
}

/// What a card says first about an answer: {text, detail, unsure}. pages.cpp has the same words.
export function headlineOf({labels: [best]}, unsureBelow) {
  if (!best) return {text: 'No labels', detail: '', unsure: false};
  const {label, probability} = best;
  if (probability >= unsureBelow) return {text: label, detail: sureText(probability), unsure: false};
  return {text: 'Not sure', detail: `Perhaps: ${label} (${percentOf(probability, 1)} %)`, unsure: true};
}

export function millisecondsText(ms) {
  return `${ms.toFixed(1)} ms`;
}

export function sizeText(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/// The time of day, with the date unless it is today.
export function momentText(time) {
  return time.toDateString() === new Date().toDateString() ? clock.format(time)
                                                           : dateAndClock.format(time);
}

/// The first few names, and how many more there are.
export function namesText(names) {
  const shown = names.slice(0, namesMax).join(', ');
  return names.length > namesMax ? `${shown} and ${names.length - namesMax} more` : shown;
}
