// Shows times in the visitor's time zone. Without this script they are in UTC.
'use strict';

// The pages are in English, whatever the browser's language is, so that they don't mix languages or digits.
const pageLocale = 'en-GB';
const clock = new Intl.DateTimeFormat(pageLocale, {hour: '2-digit', minute: '2-digit'});
const date = new Intl.DateTimeFormat(pageLocale, {dateStyle: 'medium'});
const whole = new Intl.DateTimeFormat(pageLocale, {dateStyle: 'full', timeStyle: 'long'});
const relative = new Intl.RelativeTimeFormat(pageLocale, {numeric: 'auto'});

const dayMs = 24 * 60 * 60 * 1000;

/// Calendar days from `time` to today: yesterday evening is one day ago. Counts from noon to noon,
/// because a day may have 23 or 25 hours.
function daysAgo(time) {
  const noon = (day) => new Date(day.getFullYear(), day.getMonth(), day.getDate(), 12).getTime();
  return Math.round((noon(new Date()) - noon(time)) / dayMs);
}

function localText(time) {
  const days = daysAgo(time);
  const day = days === 0 || days === 1 ? relative.format(-days, 'day') : date.format(time);
  return `${day}, ${clock.format(time)}`;
}

for (const element of document.querySelectorAll('time[datetime]')) {
  const time = new Date(element.dateTime);
  if (Number.isNaN(time.getTime())) continue;
  element.textContent = localText(time);
  element.title = whole.format(time);
}
