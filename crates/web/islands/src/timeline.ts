// The timeline of a case on the screen: a band for each teller of moments, drawn on a canvas. Filtering and moving look at
// every entry and draw at most one mark for each dot of the screen, so that a hundred thousand entries stay quick.
import { calm, colour, element, fails, island, plain, type Island } from "./island";

type Entry = [at: number, earliest: number, latest: number, moment: number, kind: number, exhibit: string | null, what: string, written: string | null];
interface Values { kinds: string[]; moments: string[]; entries: Entry[]; all: number }

const BAND = 56;
const HEAD = 28;
/** Most entries that are listed below the picture. */
const LISTED = 30;
const CLAIMED = 0;

function draw(place: Island, values: Values): void {
  const entries = values.entries;
  const count = entries.length;
  const at = Float64Array.from(entries, (entry) => entry[0]);
  const words = entries.map((entry) => `${entry[6]} ${entry[5] ?? ""} ${entry[7] ?? ""}`.toLowerCase());
  const shown = new Uint8Array(count).fill(1);
  const bands = values.moments.map((_, n) => n).filter((n) => entries.some((entry) => entry[3] === n));
  // From the first second that an entry may be to the last: a written date has room on both sides.
  const least = count ? entries.reduce((one, entry) => Math.min(one, entry[1]), Infinity) : 0;
  const most = count ? entries.reduce((one, entry) => Math.max(one, entry[2]), -Infinity) : 1;
  const edge = Math.max((most - least) * 0.02, 30);
  let [from, until] = [least - edge, most + edge];
  let chosen = -1;

  const search = element("input", { type: "search", id: "island-find" });
  const kinds = element("fieldset", { class: "kinds" }, element("legend", {}, place.say("kinds")));
  const boxes = values.kinds.map((kind, n) => {
    if (!entries.some((entry) => entry[4] === n)) return undefined;
    const box = element("input", { type: "checkbox", id: `island-kind-${n}` });
    box.checked = true;
    kinds.append(element("span", {}, box, " ", element("label", { for: `island-kind-${n}` }, place.say("kind-" + kind))));
    return box;
  });
  const told = element("p", { role: "status", "aria-live": "polite" });
  const holder = element("div", { class: "canvas time", tabindex: "0", role: "application", "aria-label": place.say("label"), "aria-describedby": "island-keys" });
  const canvas = element("canvas", { "aria-hidden": "true" });
  const list = element("ol", { class: "plain" });
  holder.append(canvas);
  const find = element("div", { class: "field" }, element("label", { for: "island-find" }, place.say("find")), search);
  place.root.replaceChildren(element("div", { class: "filters" }, find, kinds), told, holder, element("p", { id: "island-keys", class: "quiet" }, place.say("keys")), list);
  place.root.hidden = false;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("canvas");

  const moment = (second: number, span = 0) => {
    const text = new Date(second * 1000).toISOString();
    return span > 8 * 86_400 ? text.slice(0, 10) : text.slice(5, 19).replace("T", " ") + "Z";
  };

  function filter(): void {
    const sought = search.value.trim().toLowerCase();
    const on = boxes.map((box) => !box || box.checked);
    let left = 0;
    for (let n = 0; n < count; n++) {
      const is = on[entries[n]![4]]! && (!sought || words[n]!.includes(sought));
      shown[n] = is ? 1 : 0;
      left += shown[n]!;
    }
    told.textContent = `${left} / ${count}`;
    paint();
    performance.mark("island-filtered");
  }

  function paint(): void {
    const width = holder.clientWidth;
    const height = HEAD + BAND * Math.max(1, bands.length);
    const dense = Math.min(devicePixelRatio || 1, 2);
    if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    pen!.setTransform(dense, 0, 0, dense, 0, 0);
    pen!.clearRect(0, 0, width, height);
    const span = until - from;
    const scale = width / span;
    const [ink, quiet, line, accent] = [colour("--text"), colour("--quiet"), colour("--line"), colour("--accent")];
    pen!.font = "12px system-ui, 'Noto Sans', 'House Lao', 'House Thai', sans-serif";
    pen!.fillStyle = quiet;
    const wholes = [1, 5, 15, 60, 300, 900, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 7776000, 31536000, 157680000];
    const step = wholes.find((whole) => span / whole <= width / 110) ?? 1576800000;
    for (let tick = Math.ceil(from / step) * step; tick < until; tick += step) {
      const x = (tick - from) * scale;
      pen!.fillStyle = line;
      pen!.fillRect(Math.round(x), HEAD - 8, 1, height);
      pen!.fillStyle = quiet;
      pen!.fillText(moment(tick, span), x + 3, 14);
    }
    const rows = values.moments.map((_, n) => bands.indexOf(n));
    bands.forEach((band, n) => {
      pen!.fillStyle = ink;
      pen!.fillText(place.say("moment-" + values.moments[band]), 4, HEAD + BAND * n + 12);
      pen!.fillStyle = line;
      pen!.fillRect(0, HEAD + BAND * n + 34, width, 1);
    });
    // One mark for each dot; how many stand there is told by its height.
    const dots = new Uint16Array(bands.length * (width + 1));
    for (let n = 0; n < count; n++) {
      if (!shown[n]) continue;
      const entry = entries[n]!;
      const x = (at[n]! - from) * scale;
      if (x < 0 || x > width) continue;
      const dot = rows[entry[3]]! * (width + 1) + Math.floor(x);
      if (dots[dot]! < 65_535) dots[dot]!++;
    }
    pen!.fillStyle = ink;
    for (let row = 0; row < bands.length; row++) {
      for (let x = 0; x <= width; x++) {
        const here = dots[row * (width + 1) + x]!;
        if (!here) continue;
        const tall = Math.min(17, 7 + 2 * Math.log2(here));
        pen!.fillRect(x - (here === 1 ? 1 : 0), HEAD + BAND * row + 34 - tall, here === 1 ? 3 : 1, 2 * tall);
      }
    }
    if (chosen >= 0) {
      const entry = entries[chosen]!;
      const y = HEAD + BAND * rows[entry[3]]! + 34;
      pen!.fillStyle = accent;
      // The room that a written date leaves.
      if (entry[3] === CLAIMED) pen!.fillRect((entry[1] - from) * scale, y - 2, Math.max(2, (entry[2] - entry[1]) * scale), 4);
      pen!.fillRect((entry[0] - from) * scale - 2, y - 20, 4, 40);
    }
    later();
  }

  // The list follows when nothing moves.
  let waits = 0;
  function later(): void {
    clearTimeout(waits);
    waits = window.setTimeout(listing, 60);
  }
  function listing(): void {
    const items: HTMLElement[] = [];
    for (let n = 0; n < count && items.length < LISTED; n++) {
      if (!shown[n] || at[n]! < from || at[n]! > until) continue;
      const entry = entries[n]!;
      const item = element("li", chosen === n ? { "aria-current": "true" } : {}, `${new Date(entry[0] * 1000).toISOString().slice(0, 19).replace("T", " ")}Z · ${place.say("moment-" + values.moments[entry[3]])} · ${plain(entry[6], 140)}`);
      if (entry[7]) item.append(` · “${plain(entry[7], 40)}”`);
      if (entry[5]) item.append(" · ", element("a", { href: `/case/${place.case}/exhibits/${entry[5]}` }, entry[5]));
      items.push(item);
    }
    list.replaceChildren(...items);
  }

  function look(newFrom: number, newUntil: number): void {
    const span = Math.max(1, Math.min(newUntil - newFrom, (most - least) * 3 + 4 * edge));
    const middle = Math.max(least, Math.min(most, (newFrom + newUntil) / 2));
    [from, until] = [middle - span / 2, middle + span / 2];
    frame();
  }
  let asked = false;
  function frame(): void {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; paint(); });
  }
  function next(step: number): void {
    for (let n = chosen + step; n >= 0 && n < count; n += step) {
      if (!shown[n]) continue;
      chosen = n;
      const entry = entries[n]!;
      told.textContent = `${moment(entry[0], Infinity)} · ${place.say("moment-" + values.moments[entry[3]])} · ${plain(entry[6], 140)}`;
      if (entry[0] < from || entry[0] > until) look(entry[0] - (until - from) / 2, entry[0] + (until - from) / 2);
      else frame();
      return;
    }
  }
  holder.addEventListener("keydown", (event) => {
    const span = until - from;
    const does: Record<string, () => void> = {
      ArrowLeft: () => look(from - span / 8, until - span / 8), ArrowRight: () => look(from + span / 8, until + span / 8),
      "+": () => look(from + span / 6, until - span / 6), "=": () => look(from + span / 6, until - span / 6), "-": () => look(from - span / 4, until + span / 4),
      "0": () => look(least - edge, most + edge), n: () => next(1), p: () => next(-1),
    };
    const act = does[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  holder.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.shiftKey && document.activeElement !== holder) return;
    event.preventDefault();
    const here = from + ((event.offsetX || 0) / holder.clientWidth) * (until - from);
    const factor = event.deltaY > 0 ? 1.25 : 0.8;
    look(here - (here - from) * factor, here + (until - here) * factor);
  }, { passive: false });
  let held: number | undefined;
  holder.addEventListener("pointerdown", (event) => { held = event.clientX; holder.setPointerCapture(event.pointerId); });
  holder.addEventListener("pointermove", (event) => {
    if (held === undefined) return;
    const far = ((held - event.clientX) / holder.clientWidth) * (until - from);
    held = event.clientX;
    look(from + far, until + far);
  });
  holder.addEventListener("pointerup", () => { held = undefined; });
  search.addEventListener("input", filter);
  kinds.addEventListener("change", filter);
  new ResizeObserver(frame).observe(holder);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", frame);
  // Nothing here moves by itself; a reader who wants calm has it.
  holder.dataset.calm = String(calm.matches);
  filter();
  requestAnimationFrame(() => performance.mark("island-drawn"));
}

const place = island();
if (place) place.values<Values>().then((values) => draw(place, values)).catch((why) => fails(place, why));
