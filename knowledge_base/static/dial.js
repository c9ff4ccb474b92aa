// The dial: while it is moved, the picture's mark and the figures go along.
"use strict";

(() => {
  const range = document.getElementById("confidence");
  if (!range) return;
  const percent = document.getElementById("dial-percent");
  const figures = document.querySelector(".dial-figures");
  const mark = document.getElementById("dial-here");
  const points = figures ? JSON.parse(figures.dataset.points) : [];
  const lang = document.documentElement.lang;
  const percents = new Intl.NumberFormat(lang, { style: "percent" });
  const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 });
  const at = (confidence, part) => {
    const after = points.findIndex((point) => point.confidence >= confidence);
    if (after === 0) return points[0][part];
    if (after < 0) return points[points.length - 1][part];
    const low = points[after - 1];
    const high = points[after];
    const share = (confidence - low.confidence) / (high.confidence - low.confidence);
    return low[part] + share * (high[part] - low[part]);
  };
  range.addEventListener("input", () => {
    const confidence = Number(range.value);
    percent.textContent = percents.format(confidence);
    if (!figures) return;
    for (const output of figures.querySelectorAll("output")) {
      output.textContent = number.format(at(confidence, output.dataset.part) * 100);
    }
    const x = Number(figures.dataset.left) + confidence * Number(figures.dataset.width);
    mark?.setAttribute("x1", String(x));
    mark?.setAttribute("x2", String(x));
  });
})();
