// The graph of a case on the screen. Places come from the server, where they are computed the same each time; here they
// are drawn, moved over and asked. Kinds differ in colour, size and name, lines by their strength in colour and width;
// each line leads to its reasons. Candidates are drawn only when the reader asks for them: sigma has no dotted lines.
import Graph from "graphology";
import Sigma from "sigma";
import { EdgeLineProgram } from "sigma/rendering";
import { calm, colour, element, fails, island, plain, type Island } from "./island";

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
const CANDIDATE = "candidate";
/** Above this many lines they are left out while the picture moves. */
const MANY = 5_000;
/** How long the picture rests before they are drawn again, in milliseconds. */
const REST = 350;
/** Most neighbours that are listed beside the picture. */
const LISTED = 40;

function draw(place: Island, values: Values): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const palette = () => (dark.matches ? DARK : COLOURS);
  const inks = () => (dark.matches ? DARK_LINES : LINES);
  const graph = new Graph({ type: "directed", multi: true });
  values.things.forEach(([, kind, label, , x, y, lines], n) => {
    graph.addNode(n, { x, y: -y, size: Math.min(14, (SIZES[kind] ?? 4) + Math.sqrt(lines) / 2), label: plain(label, 60), kind, color: palette()[kind] });
  });
  const faint = colour("--line");
  values.lines.forEach(([, from, to, , strength], n) => graph.addEdgeWithKey(n, from, to, { color: inks()[strength], size: WIDTHS[strength] }));

  const canvas = element("div", { class: "canvas", tabindex: "0", role: "application", "aria-label": place.say("label"), "aria-describedby": "island-keys" });
  const panel = element("div", { class: "panel", role: "status", "aria-live": "polite" });
  const legend = element("ul", { class: "legend" });
  const strengths = element("fieldset", { class: "kinds" }, element("legend", {}, place.say("strengths")));
  const boxes = values.strengths.map((strength, n) => {
    const count = values.lines.filter((line) => line[4] === n).length;
    if (!count) return undefined;
    const box = element("input", { type: "checkbox", id: `island-strength-${n}` });
    box.checked = strength !== CANDIDATE;
    const mark = element("span", { class: `line-mark strength-${n}`, "aria-hidden": "true" });
    strengths.append(element("span", {}, box, " ", element("label", { for: `island-strength-${n}` }, mark, ` ${place.say("strength-" + strength)} (${count})`)));
    return box;
  });
  const isDrawn = (edge: string) => boxes[values.lines[Number(edge)]![4]]?.checked ?? true;
  const keys = element("p", { id: "island-keys", class: "quiet" }, place.say("keys"));
  place.root.replaceChildren(legend, strengths, element("div", { class: "split" }, canvas, panel), keys);
  place.root.hidden = false;

  let chosen = -1;
  const near = new Set<string>();
  const sigma = new Sigma(graph, canvas, {
    defaultEdgeType: "line",
    edgeProgramClasses: { line: EdgeLineProgram },
    hideEdgesOnMove: values.lines.length > MANY,
    hideLabelsOnMove: values.things.length > 2_000,
    labelColor: { color: colour("--text") },
    labelFont: "system-ui, Noto Sans, House Lao, House Thai, House Khmer, House Myanmar, sans-serif",
    labelDensity: 0.5,
    labelRenderedSizeThreshold: values.things.length > 300 ? 9 : 3,
    minCameraRatio: 0.005,
    maxCameraRatio: 4,
    zIndex: false,
    nodeReducer: (node, data) => (chosen < 0 || near.has(node) ? (Number(node) === chosen ? { ...data, highlighted: true, forceLabel: true } : data) : { ...data, color: faint, label: "" }),
    edgeReducer: (edge, data) => (isDrawn(edge) && (chosen < 0 || graph.hasExtremity(edge, String(chosen))) ? data : { ...data, hidden: true }),
  });

  values.kinds.forEach((kind, n) => {
    const count = values.things.filter((thing) => thing[1] === n).length;
    if (!count) return;
    const dot = element("span", { class: `dot kind-${n}`, "aria-hidden": "true" });
    legend.append(element("li", {}, dot, ` ${place.say("kind-" + kind)} (${count})`));
  });

  const order = values.things.map((_, n) => n).sort((one, other) => values.things[other]![6] - values.things[one]![6] || one - other);
  let turn = -1;

  function choose(node: number): void {
    chosen = node;
    near.clear();
    const thing = values.things[node];
    if (!thing) {
      panel.replaceChildren();
      sigma.refresh({ skipIndexation: true });
      return;
    }
    near.add(String(node));
    graph.forEachEdge(node, (edge, _, from, to) => { if (isDrawn(edge)) near.add(from).add(to); });
    const asks = new URLSearchParams(location.search);
    ["why", "as", "row"].forEach((name) => asks.delete(name));
    const why = (line: string) => { const to = new URLSearchParams(asks); to.set("why", line); return "?" + to; };
    const list = element("ul", { class: "plain" });
    let more = 0;
    graph.forEachEdge(node, (edge, _, from, to) => {
      const line = values.lines[Number(edge)]!;
      const other = values.things[Number(Number(from) === node ? to : from)]!;
      if (list.children.length >= LISTED) { more += 1; return; }
      const says = place.say("says-" + line[3]);
      const arrow = Number(from) === node ? `${says} ` : `← ${says} `;
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
    sigma.refresh({ skipIndexation: true });
  }

  const camera = sigma.getCamera();
  if (values.lines.length > MANY) {
    // Without a graphics card tens of thousands of lines take long: they are drawn when the picture rests, the first time
    // as well, and while it moves the things are drawn alone.
    const animated = camera.isAnimated.bind(camera);
    let restsAt = 0;
    let waits = 0;
    camera.isAnimated = () => animated() || performance.now() < restsAt;
    const moved = () => {
      restsAt = performance.now() + REST;
      clearTimeout(waits);
      waits = window.setTimeout(() => sigma.scheduleRender(), REST + 20);
    };
    camera.on("updated", moved);
    moved();
  }
  const move = (state: Partial<{ x: number; y: number; ratio: number; angle: number }>) => {
    if (calm.matches) camera.setState({ ...camera.getState(), ...state });
    else void camera.animate(state, { duration: 150 });
  };
  const goTo = (node: number) => {
    choose(node);
    const at = sigma.getNodeDisplayData(String(node));
    if (at) move({ x: at.x, y: at.y });
  };
  canvas.addEventListener("keydown", (event) => {
    const state = camera.getState();
    const far = 0.1 * state.ratio;
    const does: Record<string, () => void> = {
      ArrowLeft: () => move({ x: state.x - far }), ArrowRight: () => move({ x: state.x + far }), ArrowUp: () => move({ y: state.y + far }), ArrowDown: () => move({ y: state.y - far }),
      "+": () => move({ ratio: state.ratio / 1.4 }), "=": () => move({ ratio: state.ratio / 1.4 }), "-": () => move({ ratio: state.ratio * 1.4 }),
      "0": () => move({ x: 0.5, y: 0.5, ratio: 1, angle: 0 }),
      n: () => { turn = (turn + 1) % order.length; goTo(order[turn]!); }, p: () => { turn = (turn + order.length - 1) % order.length; goTo(order[turn]!); },
      Escape: () => choose(-1),
    };
    const act = does[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || !order.length) return;
    event.preventDefault();
    act();
  });
  strengths.addEventListener("change", () => choose(chosen));
  sigma.on("clickNode", ({ node }) => choose(Number(node)));
  sigma.on("clickStage", () => choose(-1));
  dark.addEventListener("change", () => {
    values.things.forEach(([, kind], n) => graph.setNodeAttribute(n, "color", palette()[kind]));
    values.lines.forEach(([, , , , strength], n) => graph.setEdgeAttribute(n, "color", inks()[strength]));
    sigma.setSetting("labelColor", { color: colour("--text") });
  });
  // Behind the first picture, not before it.
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("island-drawn")));
}

const place = island();
if (place) place.values<Values>().then((values) => draw(place, values)).catch((why) => fails(place, why));
