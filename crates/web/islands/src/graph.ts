// The graph of a case on the screen. Places come from the server, where they are computed the same each time; here they
// are asked, and picture.ts draws them. Kinds differ in colour, size and name, lines by their strength in colour and width, and
// a candidate is dashed; each line leads to its reasons. Candidates are drawn only when the reader asks for them. Whether the
// picture holds all lines that it should is said beside it in words; while a part is in view, nothing is said of the whole.
import { colour, element, fails, island, plain, type Island } from "./island";
import { Picture, type Lines, type Looks, type Things } from "./picture";

type Thing = [id: string, kind: number, label: string, about: string, x: number, y: number, lines: number];
type Line = [id: string, from: number, to: number, says: string, strength: number, reasons: number];
interface Values { kinds: string[]; strengths: string[]; things: Thing[]; lines: Line[]; layout: string }

const SIZES = [9, 8, 6, 7, 5, 3];
const COLOURS = ["#b3261e", "#8a5a00", "#1f5f99", "#5f3d99", "#1d6b3a", "#5b6770"];
const DARK = ["#ff9d94", "#f2cf7a", "#8fc3f5", "#c9aef5", "#8fd6a6", "#b4c0c4"];
/** By strength: recorded, verified, shown, candidate. */
const LINES = ["#1c2326", "#0072b2", "#8a949a", "#d55e00"];
const DARK_LINES = ["#e6ebec", "#7cc4f5", "#7d8b90", "#ff9a4d"];
const WIDTHS = [3, 2.25, 1.25, 1.5];
/** From below to above: what weighs more is drawn over what weighs less. */
const ABOVE = [2, 3, 1, 0];
const CANDIDATE = "candidate";
/** Most neighbours that are listed beside the picture. */
const LISTED = 40;

const dark = matchMedia("(prefers-color-scheme: dark)");
const contrast = matchMedia("(prefers-contrast: more)");

function looks(): Looks {
  const strengths = (dark.matches ? DARK_LINES : LINES).slice();
  if (contrast.matches) strengths[2] = colour("--text");
  return { kinds: dark.matches ? DARK : COLOURS, strengths, text: colour("--text"), ground: colour("--raised"), accent: colour("--accent") };
}

function things(values: Values): Things {
  const size = ([, kind, , , , , lines]: Thing) => Math.min(14, (SIZES[kind] ?? 4) + Math.sqrt(lines) / 2);
  return {
    x: Float64Array.from(values.things, (thing) => thing[4]), y: Float64Array.from(values.things, (thing) => thing[5]), size: Float64Array.from(values.things, size),
    kind: Uint8Array.from(values.things, (thing) => thing[1]), label: (n) => plain(values.things[n]![2], 60),
  };
}

function draw(place: Island, values: Values): void {
  const lines: Lines = { from: Int32Array.from(values.lines, (line) => line[1]), to: Int32Array.from(values.lines, (line) => line[2]), strength: Uint8Array.from(values.lines, (line) => line[4]) };
  const counts = new Uint32Array(values.strengths.length);
  lines.strength.forEach((strength) => { counts[strength]!++; });

  const canvas = element("div", { class: "canvas", tabindex: "0", role: "application", "aria-label": place.say("label"), "aria-describedby": "island-keys" });
  const panel = element("div", { class: "panel", role: "status", "aria-live": "polite" });
  const legend = element("ul", { class: "legend" });
  const strengths = element("fieldset", { class: "kinds" }, element("legend", {}, place.say("strengths")));
  const boxes = values.strengths.map((strength, n) => {
    const count = counts[n];
    if (!count) return undefined;
    const box = element("input", { type: "checkbox", id: `island-strength-${n}` });
    box.checked = strength !== CANDIDATE;
    const mark = element("span", { class: `line-mark strength-${n}`, "aria-hidden": "true" });
    strengths.append(element("span", {}, box, " ", element("label", { for: `island-strength-${n}` }, mark, ` ${place.say("strength-" + strength)} (${count})`)));
    return box;
  });
  const isTicked = (strength: number) => boxes[strength]?.checked ?? true;
  const joins = (line: number, node: number) => lines.from[line] === node || lines.to[line] === node;
  const state = element("p", { class: "quiet told" });
  const keys = element("p", { id: "island-keys", class: "quiet" }, place.say("keys"));
  place.root.replaceChildren(legend, strengths, element("div", { class: "split" }, element("div", {}, canvas, state), panel), keys);
  place.root.hidden = false;

  let chosen = -1;
  const strokes = WIDTHS.map((width, strength) => ({ strength, width, dashed: values.strengths[strength] === CANDIDATE }));
  const picture = new Picture(canvas, things(values), lines, strokes, looks());
  let drawn = 0;
  // With the picture that it speaks of, not before.
  picture.told = (whole, part) => {
    const count = `${place.say(chosen < 0 ? "whole" : "chosen")} (${drawn} / ${values.lines.length})`;
    const ofPart = chosen < 0 ? place.say("part") : `${place.say("chosen")}. ${place.say("part")}`;
    state.textContent = !whole ? place.say("drawing") : part ? ofPart : count;
    canvas.dataset.whole = String(whole);
    canvas.dataset.part = String(part);
  };

  values.kinds.forEach((kind, n) => {
    const count = values.things.filter((thing) => thing[1] === n).length;
    if (!count) return;
    const dot = element("span", { class: `dot kind-${n}`, "aria-hidden": "true" });
    legend.append(element("li", {}, dot, ` ${place.say("kind-" + kind)} (${count})`));
  });

  const order = values.things.map((_, n) => n).sort((one, other) => values.things[other]![6] - values.things[one]![6] || one - other);
  let turn = -1;

  /** What is drawn: every line whose strength is ticked, or those of the chosen thing. */
  function redraw(): void {
    const active = new Int32Array(values.lines.length);
    const near = new Set(chosen < 0 ? [] : [chosen]);
    drawn = 0;
    for (const strength of ABOVE) {
      if (!isTicked(strength)) continue;
      for (let n = 0; n < active.length; n++) {
        if (lines.strength[n] !== strength || (chosen >= 0 && !joins(n, chosen))) continue;
        active[drawn++] = n;
        if (chosen >= 0) near.add(lines.from[n]!).add(lines.to[n]!);
      }
    }
    picture.show(active.subarray(0, drawn), chosen, [...near]);
  }

  function choose(node: number): void {
    chosen = node;
    const thing = values.things[node];
    redraw();
    if (!thing) {
      panel.replaceChildren();
      return;
    }
    const asks = new URLSearchParams(location.search);
    ["why", "as", "row"].forEach((name) => asks.delete(name));
    const why = (line: string) => { const to = new URLSearchParams(asks); to.set("why", line); return "?" + to; };
    const list = element("ul", { class: "plain" });
    let more = 0;
    values.lines.forEach((line, n) => {
      if (!joins(n, node)) return;
      const other = values.things[line[1] === node ? line[2] : line[1]]!;
      if (list.children.length >= LISTED) { more += 1; return; }
      const says = place.say("says-" + line[3]);
      const arrow = line[1] === node ? `${says} ` : `← ${says} `;
      list.append(element("li", {}, arrow, element("a", { href: why(line[0]) }, plain(other[2], 80)), ` (${place.say("strength-" + values.strengths[line[4]])}, ${line[5]})`));
    });
    const around = new URLSearchParams(asks);
    around.set("around", thing[0]);
    panel.replaceChildren(
      element("p", {}, element("strong", {}, plain(thing[2], 160))),
      element("p", { class: "quiet" }, `${place.say("kind-" + values.kinds[thing[1]])} · ${plain(thing[3], 120)}`),
      element("p", {}, element("a", { href: "?" + around }, place.say("around"))),
      list,
    );
    if (more) panel.append(element("p", { class: "quiet" }, `… ${more}`));
  }

  const goTo = (node: number) => {
    choose(node);
    picture.to(node);
  };
  canvas.addEventListener("keydown", (event) => {
    const does: Record<string, () => void> = {
      ArrowLeft: () => picture.by(-0.1, 0), ArrowRight: () => picture.by(0.1, 0), ArrowUp: () => picture.by(0, -0.1), ArrowDown: () => picture.by(0, 0.1),
      "+": () => picture.nearer(1.4), "=": () => picture.nearer(1.4), "-": () => picture.nearer(1 / 1.4),
      "0": () => picture.all(),
      n: () => { turn = (turn + 1) % order.length; goTo(order[turn]!); }, p: () => { turn = (turn + order.length - 1) % order.length; goTo(order[turn]!); },
      Escape: () => choose(-1),
    };
    const act = does[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || !order.length) return;
    event.preventDefault();
    act();
  });
  strengths.addEventListener("change", () => choose(chosen));
  picture.pressed = choose;
  for (const query of [dark, contrast]) query.addEventListener("change", () => picture.paintedBy(looks()));
  redraw();
}

const place = island();
if (place) place.values<Values>().then((values) => draw(place, values)).catch((why) => fails(place, why));
