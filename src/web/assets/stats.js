// Draws the page's statistics as charts. The tables below them show the same numbers without this script.
'use strict';

/* global Chart */

/// The page is in English, whatever the browser's language is, so that it doesn't mix digits.
const locale = 'en-GB';

const charts = document.querySelector('.charts');

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/// Series of the scatter plots, in drawing order. They differ in shape and color.
const phases = [
  {name: 'Total', key: 'total', style: 'accent', shape: 'circle'},
  {name: 'Inference', key: 'forward', style: 'forward', shape: 'triangle'},
  {name: 'Decoding', key: 'decode', style: 'decode', shape: 'rect'},
  {name: 'Queue', key: 'queue', style: 'queue', shape: 'crossRot'},
];

const percentiles = [
  {name: 'Median', key: 'p50', style: 'forward', dash: []},
  {name: '90th percentile', key: 'p90', style: 'decode', dash: [6, 4]},
  {name: '99th percentile', key: 'p99', style: 'accent', dash: [2, 3]},
];

function sizeText(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${+(bytes / 1e3).toPrecision(3)} kB` : `${+(bytes / 1e6).toPrecision(3)} MB`;
}

function pixelsText(pixels) {
  return pixels < 1e6 ? `${+(pixels / 1e3).toPrecision(3)} k` : `${+(pixels / 1e6).toPrecision(3)} M`;
}

/// Shorter times are not drawn: a logarithmic axis has no 0, and such times are negligible.
const drawnMsMin = 0.1;

function scatter(numbers, size, text) {
  const datasets = phases.map(({name, key, style, shape}) => ({
    label: name,
    style,
    pointStyle: shape,
    radius: key === 'total' ? 3.5 : 3,
    data: numbers.points.filter((point) => point[size] > 0 && point.times_ms[key] >= drawnMsMin)
      .map((point) => ({x: point[size], y: point.times_ms[key]})),
  }));
  const ms = (value) => `${+value.toPrecision(3)} ms`;
  return {
    type: 'scatter',
    data: {datasets},
    options: {
      scales: {
        x: {type: 'logarithmic', ticks: {callback: roundTicks(text), maxRotation: 0}},
        y: {type: 'logarithmic', ticks: {callback: roundTicks(ms)}},
      },
      plugins: {tooltip: {callbacks: {
        label: ({dataset, raw}) => `${dataset.label}: ${ms(raw.y)} at ${text(raw.x)}`,
      }}},
    },
  };
}

/// Labels only the powers of ten of a logarithmic axis; on a short axis also some or all values in between.
function roundTicks(text) {
  return (value, index, ticks) => {
    const span = ticks.at(-1).value / ticks[0].value;
    const wanted = span > 20 ? [1] : span > 4 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const digit = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
    return wanted.some((one) => Math.abs(digit - one) < 1e-6) ? text(value) : '';
  };
}

/// Returns a function that writes a bucket's start time, as briefly as the range allows.
function timeText(range) {
  const format = {
    hour: {hour: '2-digit', minute: '2-digit'},
    day: {hour: '2-digit', minute: '2-digit'},
    week: {weekday: 'short', hour: '2-digit', minute: '2-digit'},
    month: {day: 'numeric', month: 'short'},
  }[range];
  const written = new Intl.DateTimeFormat(locale, format);
  return (utc) => written.format(new Date(utc));
}

function overTime(numbers, datasets, unit) {
  const written = timeText(numbers.range);
  return {
    data: {labels: numbers.buckets.map(({from}) => written(from)), datasets},
    options: {
      scales: {
        x: {ticks: {autoSkip: true, autoSkipPadding: 16, maxTicksLimit: 7, maxRotation: 0},
            grid: {display: false}},
        y: {beginAtZero: true, ticks: {precision: unit ? undefined : 0,
                                       callback: (value) => unit ? `${value} ${unit}` : value}},
      },
    },
  };
}

function throughput(numbers) {
  const counts = {label: 'Recognitions', style: 'forward',
                  data: numbers.buckets.map(({count}) => count)};
  return {type: 'bar', ...overTime(numbers, [counts])};
}

function latency(numbers) {
  const datasets = percentiles.map(({name, key, style, dash}) => ({
    label: name,
    style,
    borderDash: dash,
    borderWidth: 2,
    pointRadius: 3,
    // The line skips intervals without recognitions instead of falling to 0.
    spanGaps: true,
    data: numbers.buckets.map((bucket) => bucket.percentiles_ms && bucket.percentiles_ms[key]),
  }));
  return {type: 'line', ...overTime(numbers, datasets, 'ms')};
}

function workers(numbers) {
  return {
    type: 'bar',
    data: {
      labels: numbers.workers.map(({worker}) => worker),
      datasets: [{label: 'Recognitions', style: 'forward', maxBarThickness: 36,
                  data: numbers.workers.map(({count}) => count)}],
    },
    options: {
      indexAxis: 'y',
      scales: {x: {beginAtZero: true, ticks: {precision: 0}}, y: {grid: {display: false}}},
      plugins: {tooltip: {callbacks: {
        label: ({dataIndex}) => {
          const {count, mean_ms: mean} = numbers.workers[dataIndex];
          return `${count} recognitions, ${mean.toFixed(1)} ms on average`;
        },
      }}},
    },
  };
}

const drawn = {
  bytes: (numbers) => scatter(numbers, 'image_bytes', sizeText),
  pixels: (numbers) => scatter(numbers, 'pixels', pixelsText),
  throughput,
  latency,
  workers,
};

/// Applies the page's current colors: light or dark.
function paint(chart) {
  for (const dataset of chart.data.datasets) {
    dataset.borderColor = color(dataset.style);
    dataset.backgroundColor = color(dataset.style) + (chart.config.type === 'scatter' ? '99' : '');
  }
  for (const scale of Object.values(chart.options.scales)) {
    scale.ticks.color = color('soft');
    scale.border.color = color('line');
    scale.grid.color = color('line');
  }
  chart.update();
}

/// Adds buttons that show and hide the series. Unlike the legend of Chart.js, they work by keyboard.
function addSeriesButtons(chart, plot) {
  if (chart.data.datasets.length < 2) return;
  const row = document.createElement('div');
  row.className = 'series';
  row.setAttribute('role', 'group');
  row.setAttribute('aria-label', 'Show or hide series');
  chart.data.datasets.forEach((dataset, index) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', 'true');
    const swatch = document.createElement('span');
    swatch.className = `swatch ${dataset.style}`;
    button.append(swatch, dataset.label);
    button.addEventListener('click', () => {
      const shown = !chart.isDatasetVisible(index);
      chart.setDatasetVisibility(index, shown);
      button.setAttribute('aria-pressed', String(shown));
      chart.update();
    });
    row.append(button);
  });
  plot.after(row);
}

function draw(plot, numbers) {
  const config = drawn[plot.dataset.chart](numbers);
  plot.hidden = false;
  const chart = new Chart(plot.firstElementChild, config);
  addSeriesButtons(chart, plot);
  return chart;
}

async function drawAll() {
  Chart.defaults.locale = locale;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 13;
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.plugins.legend.display = false;
  const answer = await fetch(charts.dataset.numbers);
  if (!answer.ok) return;  // The tables show the numbers.
  const numbers = await answer.json();
  const all = [...charts.querySelectorAll('.plot')].map((plot) => draw(plot, numbers));
  const paintAll = () => all.forEach(paint);
  paintAll();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paintAll);
}

// There are no charts if the range has no recognitions.
if (charts) drawAll();
