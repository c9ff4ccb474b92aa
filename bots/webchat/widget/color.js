// The firm's colour, made readable: WCAG 2.2 contrast, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
const READABLE = 4.5;

function channels(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white, whichever is easier to read on `hex`; one of them always reaches 4.5. */
export function textOn(hex) {
  const rgb = channels(hex);
  return contrast(rgb, [255, 255, 255]) >= READABLE ? "#ffffff" : "#000000";
}

/** `hex` moved towards black (or white on a dark ground) until it can be read on `ground`. */
export function readableOn(hex, ground) {
  const base = channels(hex);
  const surface = channels(ground);
  const target = luminance(surface) > 0.2 ? 0 : 255;
  for (let step = 0; step <= 20; step++) {
    const mixed = base.map((value) => Math.round(value + ((target - value) * step) / 20));
    if (contrast(mixed, surface) >= READABLE) return `rgb(${mixed.join(" ")})`;
  }
  return target ? "#ffffff" : "#000000";
}

/** Whether a text is a colour as `#rrggbb`. */
export function isColor(text) {
  return /^#[0-9a-f]{6}$/i.test(text || "");
}
