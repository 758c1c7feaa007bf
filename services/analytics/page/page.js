// Follows the live stream and draws what it says. The last data stay on the page while the line is broken.

import { shareBar, stackedBar, timeBars } from "/charts.js";

const MINUTE = 60_000;
const SILENCE = 25_000; // The server says something at least every 10 s.
const RETRY = 2_000;

const byId = (id) => document.getElementById(id);
let summary = null;
let chosen = null; // The currency of the revenue chart.

// How things are written.

const whole = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clockWithSeconds = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

function money(cents, currency, digits = 2) {
  const style = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(undefined, style).format(cents / 100);
}

/** An element with text and perhaps a class; texts are never read as HTML. */
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// The parts of the page.

function drawFigures({ placed, confirmed, cancelled, open, revenue }) {
  const figure = (name, value, className) => {
    const pair = element("div", undefined, className);
    pair.append(element("dt", name), element("dd", value));
    return pair;
  };
  const counts = { "Orders placed": placed, Confirmed: confirmed, Cancelled: cancelled, Open: open };
  const figures = Object.entries(counts).map(([name, value]) => figure(name, whole.format(value)));
  const total = revenue.find((row) => row.currency === chosen);
  if (total) figures.push(figure(`Revenue, ${chosen}`, money(total.cents, chosen, 0), "money"));
  byId("figures").replaceChildren(...figures);
}

/** Where nothing is chosen: the currency in which most is sold. */
function chooseCurrency({ revenue }) {
  if (revenue.some((row) => row.currency === chosen)) return;
  chosen = revenue.toSorted((a, b) => b.cents - a.cents)[0]?.currency ?? null;
}

/** The radio buttons are made anew only when the currencies change: a redraw must not take the focus away. */
function drawCurrencies(currencies) {
  const fieldset = byId("currencies");
  fieldset.hidden = currencies.length < 2;
  if (fieldset.dataset.shown === currencies.join()) return;
  fieldset.dataset.shown = currencies.join();
  const legend = fieldset.querySelector("legend");
  fieldset.replaceChildren(legend, ...currencies.map((currency) => {
    const label = element("label", currency);
    const input = element("input");
    Object.assign(input, { type: "radio", name: "currency", value: currency, checked: currency === chosen });
    input.addEventListener("change", () => { chosen = currency; draw(); });
    label.append(input);
    return label;
  }));
}

/** One bar per minute up to the newest one, 12 to 60 of them. */
function minutes({ perMinute }, currency) {
  const found = new Map(perMinute.filter((row) => row.currency === currency).map((row) => [Date.parse(row.minute), row.cents]));
  const all = perMinute.map((row) => Date.parse(row.minute));
  const [first, last] = [Math.min(...all), Math.max(...all)];
  const count = Math.min(60, Math.max(12, (last - first) / MINUTE + 1));
  return Array.from({ length: count }, (_, n) => {
    const time = last - (count - 1 - n) * MINUTE;
    return { time, value: found.get(time) ?? 0 };
  });
}

function drawRevenue(data) {
  drawCurrencies(data.revenue.map((row) => row.currency));
  const chart = byId("revenue");
  if (!chosen || data.perMinute.length === 0) return chart.replaceChildren();
  const bars = minutes(data, chosen);
  const show = (cents) => money(cents, chosen);
  const newest = bars.at(-1);
  const label = `Revenue per minute in ${chosen} over ${bars.length} minutes. Newest, ${clock.format(newest.time)}: ${show(newest.value)}. Highest: ${show(Math.max(...bars.map((bar) => bar.value)))}.`;
  const showTick = (cents) => compact.format(cents / 100);
  chart.replaceChildren(timeBars(chart.clientWidth, bars, label, { show, showTick, showTime: (time) => clock.format(time) }));
}

function drawOutcomes({ confirmed, cancelled, open }) {
  const parts = Object.entries({ confirmed, cancelled, open }).map(([name, value]) => ({ name, value }));
  const total = confirmed + cancelled + open;
  const share = (value) => (total > 0 ? percent.format(value / total) : "");
  const label = parts.map(({ name, value }) => `${name}: ${value}`).join(", ");
  const chart = byId("outcomes");
  chart.replaceChildren(stackedBar(chart.clientWidth, parts, label));
  byId("outcomes-legend").replaceChildren(
    ...parts.map(({ name, value }) => {
      const item = element("li", undefined, name);
      item.append(`${name} `, element("b", whole.format(value)), " ", element("span", share(value)));
      return item;
    }),
  );
}

function drawProducts({ topProducts }) {
  const most = Math.max(1, ...topProducts.map((product) => product.pieces));
  byId("products").replaceChildren(
    ...topProducts.map(({ sku, pieces, shortages }) => {
      const item = element("li");
      const name = element("span", sku, "sku");
      if (shortages > 0) name.append(element("span", `short ${whole.format(shortages)}×`, "shortages"));
      item.append(name, element("span", whole.format(pieces), "number"), shareBar(pieces / most));
      return item;
    }),
  );
}

function drawRecent({ recentOrders }) {
  byId("recent").replaceChildren(
    ...recentOrders.map(({ orderId, placedAt, cents, currency, step }) => {
      const row = element("tr");
      const time = element("time", clockWithSeconds.format(Date.parse(placedAt)));
      time.dateTime = placedAt;
      const placed = element("td");
      placed.append(time);
      // The first digits of an id are a clock, and alike for all orders of a minute.
      const id = element("td", orderId.slice(-8), "id");
      id.title = orderId;
      const state = element("td");
      state.append(element("span", step, `step ${step}`));
      row.append(placed, id, element("td", money(cents, currency), "number"), state);
      return row;
    }),
  );
}

function draw() {
  if (!summary) return;
  const empty = summary.placed + summary.confirmed + summary.cancelled === 0;
  byId("empty").hidden = !empty;
  byId("dashboard").hidden = empty;
  if (empty) return;
  chooseCurrency(summary);
  for (const part of [drawFigures, drawRevenue, drawOutcomes, drawProducts, drawRecent]) part(summary);
}

// The line.

function say(state, text) {
  const connection = byId("connection");
  // Said once: a screen reader reads it out at each change.
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = text;
}

function showUpdated(now) {
  const updated = byId("updated");
  updated.dateTime = now.toISOString();
  updated.textContent = `· as of ${clockWithSeconds.format(now)}`;
}

/** An EventSource reconnects by itself in some cases only: not after a refusal, nor when the line goes silent. */
function follow() {
  const source = new EventSource("/api/live");
  let silence;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(again, SILENCE);
    say("live", "live");
    showUpdated(new Date());
  };
  const again = () => {
    clearTimeout(silence);
    source.close();
    say("broken", "reconnecting…");
    setTimeout(follow, RETRY);
  };
  source.addEventListener("summary", (event) => {
    heard();
    summary = JSON.parse(event.data);
    draw();
  });
  source.addEventListener("alive", heard);
  source.addEventListener("error", again);
  silence = setTimeout(again, SILENCE);
}

new ResizeObserver(() => requestAnimationFrame(draw)).observe(document.body);
follow();
