// The charts: plain SVG, drawn anew from the data each time. Colours come from the style sheet.

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element; `children` are elements, or one text. */
function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A picture of this size in CSS pixels, so that text keeps its size on a narrow screen. */
function picture(width, height, label, ...children) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": label }, ...children);
}

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `value`. */
function roundStep(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= value);
}

/** About three round steps that cover `low` to `high`, zero included. */
function scale(low, high) {
  const step = roundStep(Math.max(high - low, 1) / 3);
  const from = Math.floor(low / step);
  const to = Math.max(Math.ceil(high / step), from + 1);
  return Array.from({ length: to - from + 1 }, (_, n) => (from + n) * step);
}

/**
 * Bars along the time. `bars` are `{ time, value }`, one per minute without gaps; `show` writes a value in full,
 * `showTick` beside the axis, `showTime` a time.
 */
export function timeBars(width, bars, label, { show, showTick, showTime }) {
  const height = 200;
  const values = bars.map((bar) => bar.value);
  const ticks = scale(Math.min(0, ...values), Math.max(0, ...values));
  const [low, high] = [ticks[0], ticks.at(-1)];
  const left = 12 + 7 * Math.max(...ticks.map((tick) => showTick(tick).length));
  const [top, bottom] = [8, height - 24];
  const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
  const pitch = (width - left) / bars.length;
  const thickness = Math.max(1, Math.min(40, pitch * 0.72));

  const grid = ticks.flatMap((tick) => [
    svg("line", { class: tick === 0 ? "zero" : "grid", x1: left, x2: width, y1: y(tick), y2: y(tick) }),
    svg("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, showTick(tick)),
  ]);
  const every = Math.ceil(56 / pitch);
  const parts = bars.flatMap(({ time, value }, n) => {
    const middle = left + (n + 0.5) * pitch;
    const found = [];
    if (value !== 0) {
      const size = Math.max(1, Math.abs(y(value) - y(0)));
      const attributes = { class: value < 0 ? "below" : "bar", x: middle - thickness / 2, width: thickness, rx: Math.min(2, thickness / 2) };
      const bar = svg("rect", { ...attributes, y: value < 0 ? y(0) : y(0) - size, height: size });
      bar.append(svg("title", {}, `${showTime(time)}: ${show(value)}`));
      found.push(bar);
    }
    // Counted from the right: the newest minute always has its time.
    if ((bars.length - 1 - n) % every === 0) {
      const atTheEdge = middle + 18 > width;
      found.push(svg("text", { x: atTheEdge ? width : middle, y: height - 6, "text-anchor": atTheEdge ? "end" : "middle" }, showTime(time)));
    }
    return found;
  });
  return picture(width, height, label, ...grid, ...parts);
}

/** One bar in parts; `parts` are `{ name, value }`, the name also the class of the colour. */
export function stackedBar(width, parts, label) {
  const height = 28;
  const gap = 2;
  const shown = parts.filter((part) => part.value > 0);
  const total = shown.reduce((sum, part) => sum + part.value, 0);
  const room = width - gap * (shown.length - 1);
  let x = 0;
  const rects = shown.map(({ name, value }) => {
    // A part that exists is seen.
    const size = Math.max(2, (value / total) * room);
    const rect = svg("rect", { class: name, x, y: 0, width: size, height, rx: 3 }, svg("title", {}, `${name}: ${value}`));
    x += size + gap;
    return rect;
  });
  return picture(width, height, label, ...rects);
}

/** A thin bar, `share` (0 to 1) of the whole width; only a picture of a number that stands beside it. */
export function shareBar(share) {
  const bar = svg("svg", { viewBox: "0 0 100 6", height: 6, preserveAspectRatio: "none", "aria-hidden": "true" });
  bar.append(svg("rect", { class: "track", width: 100, height: 6 }), svg("rect", { class: "bar", width: Math.max(0.5, share * 100), height: 6 }));
  return bar;
}
