// The report's pictures, in the colours of the page, light or dark.
"use strict";

(() => {
  const pictures = JSON.parse(document.getElementById("pictures").textContent);
  const words = JSON.parse(document.getElementById("report-words").textContent);
  const style = () => getComputedStyle(document.documentElement);
  const tone = (name) => style().getPropertyValue(`--${name}`).trim();
  const TONES = { good: "good", accent: "accent", info: "info", warn: "warn", bad: "bad", faint: "line-strong" };
  const FURTHER = ["accent", "info", "warn", "bad", "good", "ink-faint"];
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month: "short" });
  const lasted = (seconds) => {
    if (seconds >= 3600) return `${number.format(Math.round(seconds / 360) / 10)} ${words.hour}`;
    return seconds >= 60 ? `${Math.round(seconds / 60)} ${words.minute}` : `${Math.round(seconds)} ${words.second}`;
  };
  const label = (text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? day.format(new Date(`${text}T12:00`)) : text);
  const shorter = (text) => (text.length > 28 ? `${text.slice(0, 27)}…` : text);

  // Marks at whole minutes or hours, and no halves of a conversation.
  const steps = (picture) => {
    if (picture.unit !== "seconds") return { precision: 0 };
    const most = Math.max(...picture.series.flatMap((series) => series.values.map((value) => value || 0)), 1);
    return { stepSize: [10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400].find((step) => most / step <= 6) || 604800 };
  };

  const charts = [];
  const draw = (canvas) => {
    const picture = pictures[canvas.dataset.figure];
    const say = picture.unit === "seconds" ? lasted : (value) => number.format(value);
    const values = { beginAtZero: true, stacked: picture.stacked, grid: { color: tone("line") }, border: { display: false }, ticks: { color: tone("ink-faint"), callback: (value) => say(value), maxTicksLimit: 8, ...steps(picture) } };
    const names = { stacked: picture.stacked, grid: { display: false }, ticks: { color: tone("ink-soft"), maxRotation: 0, autoSkip: !picture.lying, autoSkipPadding: 12, callback(value) { return shorter(this.getLabelForValue(value)); } } };
    if (picture.lying && picture.labels.length === 1) names.display = false;
    charts.push(new Chart(canvas, {
      type: picture.line ? "line" : "bar",
      data: {
        labels: picture.labels.map(label),
        datasets: picture.series.map((series, place) => {
          const colour = tone(TONES[series.tone] || FURTHER[place % FURTHER.length]);
          return picture.line
            ? { label: series.name, data: series.values, borderColor: colour, backgroundColor: colour, borderWidth: 2, pointRadius: 2, tension: 0, spanGaps: true, borderDash: place ? [6, 4] : [] }
            : { label: series.name, data: series.values, backgroundColor: colour, borderColor: tone("surface"), borderWidth: 1, maxBarThickness: picture.lying ? 34 : 60 };
        }),
      },
      options: {
        indexAxis: picture.lying ? "y" : "x",
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: "index", axis: picture.lying ? "y" : "x", intersect: false },
        scales: picture.lying ? { x: values, y: names } : { x: names, y: values },
        plugins: {
          legend: { display: picture.series.length > 1, position: "bottom", labels: { color: tone("ink-soft"), boxWidth: 12, boxHeight: 12 } },
          tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${item.raw === null ? "–" : say(item.raw)}` } },
        },
      },
    }));
  };
  const drawAll = () => {
    while (charts.length) charts.pop().destroy();
    Chart.defaults.font.family = style().getPropertyValue("--font");
    document.querySelectorAll("canvas[data-figure]").forEach(draw);
  };
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

  // Days in the reader's own words, as in the pictures.
  for (const cell of document.querySelectorAll(".report-table th[scope=row]")) {
    const iso = cell.textContent;
    const text = label(iso);
    if (text !== iso) { cell.textContent = text; cell.title = iso; }
  }
})();
