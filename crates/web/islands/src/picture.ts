// The picture of a graph on a canvas: dots, lines and names, moved over and asked what stands at a place. It knows no case,
// no kinds by name and no page. It refuses to pass a part for the whole: whether all lines that should be in the picture are
// in it, and whether the view leaves out a part of the graph, is told each time it changes.
//
// Few lines are drawn afresh with each picture. Many are drawn once, a slice with each picture, onto a bitmap wider than the
// view; while the view moves that bitmap is shifted and scaled, and drawn anew when the view rests or leaves it. A browser
// without a graphics card draws lines of one dot many times faster than wider ones, so where there are many, a wide line is
// several of them side by side.
import { calm } from "./island";
import { Room } from "./room";

export interface Things { x: Float64Array; y: Float64Array; size: Float64Array; kind: Uint8Array; label: (thing: number) => string }
export interface Lines { from: Int32Array; to: Int32Array; strength: Uint8Array }
export interface Looks { kinds: string[]; strengths: string[]; text: string; ground: string; accent: string }
/** How a line of each strength is drawn, in the order from below to above. */
export interface Stroke { strength: number; width: number; dashed: boolean }
/** The place of the graph in the middle of the view, and how many dots of the page one unit takes. */
interface View { x: number; y: number; k: number }
/** A view drawn once, with a margin around it. */
interface Layer { canvas: HTMLCanvasElement; pen: CanvasRenderingContext2D; view: View; wide: number; tall: number; stamp: number }
/** Lines cut at the edges of a canvas, in its own dots: four numbers each, ordered by stroke. */
interface Cut { ends: Float32Array; stroke: Uint8Array; count: number; work: number }
/** A name, where it begins and the middle of its height. */
interface Name { n: number; x: number; y: number; wide: number; marked: boolean; over: boolean }
interface Building { layer: Layer; cut: Cut; at: number; fine: boolean }

/** The work of lines is counted in dots of the screen: their lengths, and so many for each. */
const EACH = 20;
/** Up to this much work lines are drawn with each picture: while it moves with their exact widths, while it moves at all, and when it rests. */
const AFRESH = [8_000, 40_000, 60_000] as const;
/** Up to this much they are drawn with their exact widths. */
const FINE = 600_000;
/** How far beyond the edge of a canvas a line is cut, in dots of the screen. */
const EDGE = 16;
/** More things than this in view come from a bitmap too. */
const CROWD = 1_000;
/** More lines than this: a finer screen than this is not used. */
const MANY = 5_000;
const DENSEST = 1.5;
/** How long the view rests before bitmaps are drawn for it, in milliseconds. */
const REST = 120;
/** What a bitmap holds beyond each side of the view, in parts of it. */
const MARGIN = 0.25;
/** The work that is done with one picture: at first and least at rest, least while it moves, and most. */
const SLICE = [1_000_000, 200_000, 4_000_000] as const;
/** A picture that took longer asks for less in the next, one that took less for more; milliseconds, while it moves and when it rests. */
const [SLOW, QUICK] = [[40, 90], [22, 50]] as const;
const NEAREST = 200;
const FARTHEST = 0.25;
const PADDING = 30;
const GLIDE = 150;
const FONT = "13px system-ui, 'Noto Sans', 'House Lao', 'House Thai', 'House Khmer', 'House Myanmar', sans-serif";
/** Most things whose names are tried with one picture. */
const NAMED = 400;
/** Dots that were not chosen, beside those that were. */
const FAINT = 0.22;

function pen(canvas: HTMLCanvasElement, alpha: boolean): CanvasRenderingContext2D {
  const made = canvas.getContext("2d", { alpha });
  if (!made) throw new Error("canvas");
  return made;
}

export class Picture {
  readonly canvas = document.createElement("canvas");
  /** A thing was pressed, or the ground (-1). */
  pressed: (thing: number) => void = () => undefined;
  /** Whether all lines and things that should be in the picture are in it, and whether the view leaves out a part of the graph. */
  told: (whole: boolean, part: boolean) => void = () => undefined;

  private readonly pen = pen(this.canvas, false);
  /** The things, the largest first, and last. */
  private readonly order: number[];
  private readonly rising: number[];
  /** Half of each dot at the present scale. */
  private readonly rounds: Float32Array;
  private times = 0;
  private readonly names: string[] = [];
  private readonly widths: Float32Array;
  private readonly box: { x: number; y: number; wide: number; tall: number };
  /** How long a line is that is neither among the longer nor the shorter ones. */
  private readonly long: number;
  private view: View = { x: 0, y: 0, k: 1 };
  private goal: View = this.view;
  private glide: { from: View; begun: number } | undefined;
  private wide = 0;
  private tall = 0;
  private dense = 1;
  /** The scale at which everything is seen, and how much smaller dots are there because there are many. */
  private whole = 1;
  private crowd = 1;
  private active: Int32Array;
  private chosen = -1;
  private near: number[] = [];
  private hovered = -1;
  private dots: Layer | undefined;
  private front: Layer | undefined;
  private spare: Layer | undefined;
  private building: Building | undefined;
  /** Changes with all that makes bitmaps useless whatever the view. */
  private stamp = 0;
  private slice: number = SLICE[0];
  private movedAt = -Infinity;
  private lastFrame = 0;
  private asked = false;
  private waits = 0;
  private said: { whole: boolean; part: boolean } | undefined;
  private wasWhole = false;
  private pictures = 0;

  constructor(private readonly holder: HTMLElement, private readonly things: Things, private readonly lines: Lines, private readonly strokes: Stroke[], private looks: Looks) {
    const { x, y, size } = things;
    const all = Array.from(x, (_, n) => n);
    this.order = all.slice().sort((one, other) => size[other]! - size[one]! || one - other);
    this.rounds = new Float32Array(x.length);
    this.rising = this.order.slice().reverse();
    this.widths = new Float32Array(x.length).fill(-1);
    this.active = new Int32Array(0);
    const span = (of: Float64Array) => of.length ? [of.reduce((a, b) => Math.min(a, b)), of.reduce((a, b) => Math.max(a, b))] as const : [0, 0] as const;
    const [[left, right], [top, low]] = [span(x), span(y)];
    this.box = { x: (left + right) / 2, y: (top + low) / 2, wide: right - left, tall: low - top };
    // From some of them, evenly taken: the middle need not be exact.
    const some = Float64Array.from({ length: Math.min(lines.from.length, 499) }, (_, n) => Math.floor((n * lines.from.length) / Math.min(lines.from.length, 499)));
    const long = some.map((n) => Math.hypot(x[lines.from[n]!]! - x[lines.to[n]!]!, y[lines.from[n]!]! - y[lines.to[n]!]!)).sort();
    this.long = long[long.length >> 1] ?? Infinity;
    this.canvas.setAttribute("aria-hidden", "true");
    holder.append(this.canvas);
    this.measure();
    this.view = this.goal = this.home();
    this.listen();
    new ResizeObserver(() => this.measure()).observe(holder);
    // Names are written again when their letters have come.
    document.fonts?.addEventListener("loadingdone", () => { this.widths.fill(-1); this.ask(); });
  }

  /** Which lines are in the picture, which thing is chosen (or -1), and which are near it. */
  show(active: Int32Array, chosen: number, near: number[]): void {
    [this.active, this.chosen, this.near] = [active, chosen, near];
    this.spare = this.building?.layer ?? this.front ?? this.spare;
    this.front = this.building = undefined;
    this.said = undefined;
    this.ask();
  }

  paintedBy(looks: Looks): void {
    this.looks = looks;
    this.refresh();
  }

  by(right: number, down: number): void {
    this.go({ ...this.goal, x: this.goal.x + (right * this.wide) / this.goal.k, y: this.goal.y + (down * this.tall) / this.goal.k });
  }

  nearer(times: number): void {
    this.go({ ...this.goal, k: this.goal.k * times });
  }

  all(): void {
    this.go(this.home());
  }

  to(thing: number): void {
    this.go({ ...this.goal, x: this.things.x[thing]!, y: this.things.y[thing]! });
  }

  private home(): View {
    return { x: this.box.x, y: this.box.y, k: this.whole };
  }

  private measure(): void {
    const [wide, tall] = [this.holder.clientWidth, this.holder.clientHeight];
    if (!wide || !tall) return;
    const atHome = this.view.k === this.whole && this.view.x === this.box.x && this.view.y === this.box.y;
    const dense = Math.min(devicePixelRatio || 1, this.lines.from.length > MANY ? DENSEST : 3);
    if (wide === this.wide && tall === this.tall && dense === this.dense) return;
    [this.wide, this.tall, this.dense] = [wide, tall, dense];
    this.canvas.width = Math.round(wide * dense);
    this.canvas.height = Math.round(tall * dense);
    this.canvas.style.width = `${wide}px`;
    this.canvas.style.height = `${tall}px`;
    const fits = Math.min((wide - 2 * PADDING) / (this.box.wide || 1), (tall - 2 * PADDING) / (this.box.tall || 1));
    this.whole = this.box.wide || this.box.tall ? Math.max(fits, 1e-6) : 1;
    const inked = this.things.size.reduce((sum, size) => sum + Math.PI * size * size, 0);
    const most = Math.min(Math.sqrt((0.2 * wide * tall) / (inked || 1)), (0.3 * this.long * this.whole) / 5);
    this.crowd = Math.max(0.3, Math.min(1, most));
    if (atHome) this.view = this.goal = this.home();
    this.refresh();
  }

  private refresh(): void {
    this.stamp += 1;
    this.dots = this.front = this.spare = this.building = undefined;
    this.ask();
  }

  // Moving.

  private within(view: View): View {
    const k = Math.max(this.whole * FARTHEST, Math.min(this.whole * NEAREST, view.k));
    // Never so far that nothing of the graph is seen.
    const hold = (at: number, middle: number, side: number, seen: number) => Math.max(middle - side / 2 - (0.4 * seen) / k, Math.min(middle + side / 2 + (0.4 * seen) / k, at));
    return { x: hold(view.x, this.box.x, this.box.wide, this.wide), y: hold(view.y, this.box.y, this.box.tall, this.tall), k };
  }

  /** There by keys: in a glide, or at once for whoever wants calm. */
  private go(view: View): void {
    this.goal = this.within(view);
    this.glide = { from: this.view, begun: performance.now() };
    if (calm.matches) this.set(this.goal);
    this.ask();
  }

  /** There by hand, at once. */
  private set(view: View): void {
    this.glide = undefined;
    this.view = this.goal = this.within(view);
    this.movedAt = performance.now();
    this.ask();
  }

  private glided(now: number): void {
    if (!this.glide) return;
    const part = Math.max(0, Math.min(1, (now - this.glide.begun) / GLIDE));
    const eased = part * (2 - part);
    const { from } = this.glide;
    const between = (one: number, other: number) => one + (other - one) * eased;
    this.view = part === 1 ? this.goal : { x: between(from.x, this.goal.x), y: between(from.y, this.goal.y), k: from.k * (this.goal.k / from.k) ** eased };
    this.movedAt = now;
    if (part === 1) this.glide = undefined;
  }

  private around(x: number, y: number, times: number): void {
    const k = this.within({ ...this.view, k: this.view.k * times }).k;
    const [right, down] = [x - this.wide / 2, y - this.tall / 2];
    this.set({ x: this.view.x + right / this.view.k - right / k, y: this.view.y + down / this.view.k - down / k, k });
  }

  private listen(): void {
    const { holder } = this;
    const held = new Map<number, { x: number; y: number }>();
    let far = 0;
    const place = (event: { clientX: number; clientY: number }) => {
      const edge = this.canvas.getBoundingClientRect();
      return { x: event.clientX - edge.left, y: event.clientY - edge.top };
    };
    const spread = () => {
      const [one, other] = [...held.values()];
      return one && other ? { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, wide: Math.hypot(one.x - other.x, one.y - other.y) } : undefined;
    };
    holder.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      if (!held.size) far = 0;
      held.set(event.pointerId, place(event));
      holder.setPointerCapture(event.pointerId);
    });
    holder.addEventListener("pointermove", (event) => {
      const [was, is, before] = [held.get(event.pointerId), place(event), spread()];
      if (!was) return this.hover(event.pointerType === "mouse" ? this.at(is.x, is.y, 2) : -1);
      held.set(event.pointerId, is);
      const now = spread();
      if (before && now) {
        far = Infinity;
        this.set({ ...this.view, x: this.view.x - (now.x - before.x) / this.view.k, y: this.view.y - (now.y - before.y) / this.view.k });
        this.around(now.x, now.y, now.wide / Math.max(before.wide, 1));
        return;
      }
      far += Math.hypot(is.x - was.x, is.y - was.y);
      if (far > 4) this.set({ ...this.view, x: this.view.x - (is.x - was.x) / this.view.k, y: this.view.y - (is.y - was.y) / this.view.k });
    });
    const released = (event: PointerEvent) => {
      const was = held.get(event.pointerId);
      held.delete(event.pointerId);
      if (was && event.type === "pointerup" && far <= 4) this.pressed(this.at(was.x, was.y, event.pointerType === "mouse" ? 3 : 14));
    };
    holder.addEventListener("pointerup", released);
    holder.addEventListener("pointercancel", released);
    holder.addEventListener("pointerleave", () => this.hover(-1));
    holder.addEventListener("dblclick", (event) => { const { x, y } = place(event); this.around(x, y, 2); });
    holder.addEventListener("wheel", (event) => {
      event.preventDefault();
      const { x, y } = place(event);
      this.around(x, y, 1.0015 ** -Math.max(-240, Math.min(240, event.deltaY * (event.deltaMode ? 30 : 1))));
    }, { passive: false });
  }

  private hover(thing: number): void {
    if (thing === this.hovered) return;
    this.hovered = thing;
    this.holder.style.cursor = thing < 0 ? "grab" : "pointer";
    this.ask();
  }

  /** The thing at a place of the view, or -1. Each is looked at: ten thousand take less than a tenth of a millisecond. */
  at(x: number, y: number, room: number): number {
    let [best, least] = [-1, Infinity];
    for (let n = 0; n < this.things.x.length; n++) {
      const away = Math.hypot(this.across(n) - x, this.down(n) - y) - this.rounds[n]!;
      if (away <= room && away < least) [best, least] = [n, away];
    }
    return best;
  }

  private across(n: number): number { return (this.things.x[n]! - this.view.x) * this.view.k + this.wide / 2; }
  private down(n: number): number { return (this.things.y[n]! - this.view.y) * this.view.k + this.tall / 2; }
  /** Dots grow with the root of nearness, to a limit. */
  private grow(): void {
    const times = Math.min(2.5, this.crowd * Math.sqrt(this.view.k / this.whole));
    if (times === this.times) return;
    this.times = times;
    for (let n = 0; n < this.rounds.length; n++) this.rounds[n] = Math.max(1.2, this.things.size[n]! * times);
  }

  // Drawing.

  private ask(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame((now) => this.frame(now));
  }

  private frame(now: number): void {
    this.asked = false;
    if (!this.wide) return;
    this.glided(now);
    this.grow();
    const rests = now - this.movedAt >= REST;
    const { pen: ink, dense } = this;
    ink.setTransform(1, 0, 0, 1, 0, 0);
    ink.fillStyle = this.looks.ground;
    ink.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const beside = this.chosen >= 0;
    let whole = !beside || this.putDots(rests, FAINT);
    whole = this.putLines(rests, now - this.lastFrame) && whole;
    // The first picture of many things has to be quick.
    const names = this.pictures || this.things.x.length <= CROWD ? this.placed() : [];
    ink.setTransform(dense, 0, 0, dense, 0, 0);
    this.ground(names);
    if (beside) this.draw(ink, this.near, this.wide, this.tall);
    else whole = this.putDots(rests, 1) && whole;
    ink.setTransform(dense, 0, 0, dense, 0, 0);
    this.write(names, rests);
    this.say(whole);
    this.lastFrame = now;
    if (this.glide || this.building || this.pictures === 1) this.ask();
    else if (!rests) {
      clearTimeout(this.waits);
      this.waits = window.setTimeout(() => this.ask(), REST);
    }
  }

  private say(whole: boolean): void {
    const part = this.isPart();
    if (whole !== this.said?.whole || part !== this.said.part) {
      this.said = { whole, part };
      this.told(whole, part);
    }
    // Behind the picture, not before it.
    if (!this.pictures++) requestAnimationFrame(() => performance.mark("island-drawn"));
    if (whole && !this.wasWhole) requestAnimationFrame(() => performance.mark("island-whole"));
    this.wasWhole ||= whole;
  }

  /** Whether something of the graph lies outside the view. */
  private isPart(): boolean {
    const { box, view } = this;
    const holds = (at: number, middle: number, side: number, seen: number) => Math.abs(at - middle) * view.k + (side * view.k) / 2 <= seen / 2 + 0.5;
    return !holds(view.x, box.x, box.wide, this.wide) || !holds(view.y, box.y, box.tall, this.tall);
  }

  /** Whether a layer was drawn at the present scale, and whether it holds the view. */
  private fits(layer: Layer | undefined): { scale: boolean; view: boolean } {
    if (!layer || layer.stamp !== this.stamp) return { scale: false, view: false };
    const scale = Math.abs(layer.view.k / this.view.k - 1) < 1e-6;
    const holds = (one: number, other: number, room: number, side: number) => Math.abs(one - other) * this.view.k <= (room - side) / 2 + 0.5;
    return { scale, view: scale && holds(layer.view.x, this.view.x, layer.wide, this.wide) && holds(layer.view.y, this.view.y, layer.tall, this.tall) };
  }

  private layer(used: Layer | undefined): Layer {
    const [wide, tall] = [Math.ceil(this.wide * (1 + 2 * MARGIN)), Math.ceil(this.tall * (1 + 2 * MARGIN))];
    const canvas = used?.canvas ?? document.createElement("canvas");
    if (!used) [canvas.width, canvas.height] = [Math.round(wide * this.dense), Math.round(tall * this.dense)];
    const layer = { canvas, pen: used?.pen ?? pen(canvas, true), view: this.view, wide, tall, stamp: this.stamp };
    layer.pen.setTransform(1, 0, 0, 1, 0, 0);
    layer.pen.clearRect(0, 0, canvas.width, canvas.height);
    return layer;
  }

  private put(layer: Layer): void {
    const { pen: ink, dense, view } = this;
    const scale = view.k / layer.view.k;
    const x = ((layer.view.x - view.x) * view.k + (this.wide - layer.wide * scale) / 2) * dense;
    const y = ((layer.view.y - view.y) * view.k + (this.tall - layer.tall * scale) / 2) * dense;
    ink.setTransform(1, 0, 0, 1, 0, 0);
    if (Math.abs(scale - 1) < 1e-6) ink.drawImage(layer.canvas, Math.round(x), Math.round(y));
    else ink.drawImage(layer.canvas, x, y, layer.canvas.width * scale, layer.canvas.height * scale);
  }

  // Things.

  private putDots(rests: boolean, strong: number): boolean {
    const seen = this.inView(CROWD);
    this.pen.globalAlpha = strong;
    if (seen) {
      this.pen.setTransform(this.dense, 0, 0, this.dense, 0, 0);
      this.draw(this.pen, seen, this.wide, this.tall);
    } else {
      const fits = this.fits(this.dots);
      if (!this.dots || (!fits.view && (rests || fits.scale))) {
        this.dots = this.layer(this.dots);
        this.dots.pen.setTransform(this.dense, 0, 0, this.dense, 0, 0);
        this.draw(this.dots.pen, this.rising, this.dots.wide, this.dots.tall);
      }
      this.put(this.dots);
    }
    this.pen.globalAlpha = 1;
    return Boolean(seen) || this.fits(this.dots).view;
  }

  /** The things in view, unless they are more than so many. */
  private inView(most: number): number[] | undefined {
    const seen: number[] = [];
    const [wide, tall] = [this.wide / 2 / this.view.k, this.tall / 2 / this.view.k];
    const room = 40 / this.view.k;
    for (const n of this.rising) {
      if (Math.abs(this.things.x[n]! - this.view.x) > wide + room || Math.abs(this.things.y[n]! - this.view.y) > tall + room) continue;
      if (seen.length === most) return undefined;
      seen.push(n);
    }
    return seen;
  }

  private draw(ink: CanvasRenderingContext2D, things: readonly number[], wide: number, tall: number): void {
    const { k } = this.view;
    const left = this.view.x - wide / 2 / k;
    const top = this.view.y - tall / 2 / k;
    let kind = -1;
    for (const n of things) {
      const x = (this.things.x[n]! - left) * k;
      const y = (this.things.y[n]! - top) * k;
      const round = this.rounds[n]!;
      if (x < -round || y < -round || x > wide + round || y > tall + round) continue;
      if (kind !== this.things.kind[n]) ink.fillStyle = this.looks.kinds[(kind = this.things.kind[n]!)] ?? this.looks.text;
      // A dot of a few points is the same as a square, and quicker.
      if (round < 1.6) ink.fillRect(x - round, y - round, 2 * round, 2 * round);
      else {
        ink.beginPath();
        ink.arc(x, y, round, 0, 2 * Math.PI);
        ink.fill();
      }
    }
  }

  // Lines.

  /** Puts the lines into the picture; true if all that should be in it are. */
  private putLines(rests: boolean, gap: number): boolean {
    const few = this.cut(this.wide, this.tall, AFRESH[rests ? 2 : 1]);
    if (few) {
      this.spare ??= this.building?.layer;
      this.building = undefined;
      this.pen.setTransform(1, 0, 0, 1, 0, 0);
      for (let at = 0; at < few.count;) at = this.batch(this.pen, few, at, rests || few.work < AFRESH[0]).at;
      return true;
    }
    // The things first, and the lines with the next pictures.
    if (!this.pictures) return false;
    const fits = this.fits(this.front);
    if (fits.view) this.building = undefined;
    else {
      const next = this.fits(this.building?.layer);
      if (!next.view && (rests || fits.scale || next.scale || (!this.front && !this.building))) this.begin();
      else if (this.building && (next.view || next.scale)) this.goOn(rests, gap);
    }
    const shown = this.front ?? this.building?.layer;
    if (shown) this.put(shown);
    return this.fits(this.front).view;
  }

  private begin(): void {
    const layer = this.layer(this.building?.layer ?? this.spare);
    this.spare = undefined;
    const cut = this.cut(layer.wide, layer.tall, Infinity)!;
    this.building = { layer, cut, at: 0, fine: cut.work <= FINE };
  }

  /** One more slice. When the last is drawn the bitmap takes the place of the one before it. */
  private goOn(rests: boolean, gap: number): void {
    const built = this.building!;
    const [slow, quick] = rests ? [SLOW[1], QUICK[1]] : [SLOW[0], QUICK[0]];
    if (built.at) this.slice = Math.max(SLICE[rests ? 0 : 1], Math.min(SLICE[2], gap > slow ? this.slice * 0.6 : gap < quick ? this.slice * 1.5 : this.slice));
    let left = rests ? this.slice : this.slice / 2;
    while (built.at < built.cut.count && left > 0) {
      const { at, cost } = this.batch(built.layer.pen, built.cut, built.at, built.fine);
      built.at = at;
      left -= cost;
    }
    if (built.at < built.cut.count) return;
    this.spare = this.front?.stamp === this.stamp ? this.front : undefined;
    this.front = built.layer;
    this.building = undefined;
  }

  /** The lines that reach into a canvas around the view, cut at its edges; nothing if that is more work than this. */
  private cut(wide: number, tall: number, most: number): Cut | undefined {
    const { x, y } = this.things;
    const scale = this.view.k * this.dense;
    const [left, top, right, low] = [this.view.x - wide / 2 / this.view.k, this.view.y - tall / 2 / this.view.k, wide * this.dense + EDGE, tall * this.dense + EDGE];
    const ends = new Float32Array(4 * Math.min(this.active.length, most / EACH));
    const stroke = new Uint8Array(ends.length / 4);
    let count = 0;
    let work = 0;
    for (const n of this.active) {
      const from = this.lines.from[n]!;
      const to = this.lines.to[n]!;
      const x0 = (x[from]! - left) * scale;
      const y0 = (y[from]! - top) * scale;
      const x1 = (x[to]! - left) * scale;
      const y1 = (y[to]! - top) * scale;
      // Outside by more than half of any width, or wholly under one of its dots.
      if ((x0 < -EDGE && x1 < -EDGE) || (y0 < -EDGE && y1 < -EDGE) || (x0 > right && x1 > right) || (y0 > low && y1 > low)) continue;
      const long = Math.hypot(x1 - x0, y1 - y0);
      if (long < 40 * this.dense && long / this.dense + 2 < Math.max(this.rounds[from]!, this.rounds[to]!)) continue;
      let begin = 0;
      let end = 1;
      if (x0 < -EDGE) begin = Math.max(begin, (x0 + EDGE) / (x0 - x1));
      if (x0 > right) begin = Math.max(begin, (x0 - right) / (x0 - x1));
      if (y0 < -EDGE) begin = Math.max(begin, (y0 + EDGE) / (y0 - y1));
      if (y0 > low) begin = Math.max(begin, (y0 - low) / (y0 - y1));
      if (x1 < -EDGE) end = Math.min(end, (x0 + EDGE) / (x0 - x1));
      if (x1 > right) end = Math.min(end, (x0 - right) / (x0 - x1));
      if (y1 < -EDGE) end = Math.min(end, (y0 + EDGE) / (y0 - y1));
      if (y1 > low) end = Math.min(end, (y0 - low) / (y0 - y1));
      if (begin >= end) continue;
      work += long * (end - begin) + EACH;
      if (work > most) return undefined;
      ends[4 * count] = x0 + (x1 - x0) * begin;
      ends[4 * count + 1] = y0 + (y1 - y0) * begin;
      ends[4 * count + 2] = x0 + (x1 - x0) * end;
      ends[4 * count + 3] = y0 + (y1 - y0) * end;
      stroke[count++] = this.lines.strength[n]!;
    }
    return { ends, stroke, count, work };
  }

  /** Draws some lines of one strength; tells where the next begin, and what it cost in dots. */
  private batch(ink: CanvasRenderingContext2D, cut: Cut, first: number, fine: boolean): { at: number; cost: number } {
    const strength = cut.stroke[first]!;
    const { width, dashed } = this.strokes.find((stroke) => stroke.strength === strength)!;
    const dots = Math.max(1, Math.round(width * this.dense * 0.85));
    const times = fine ? 1 : dots;
    let [at, cost] = [first, 0];
    ink.strokeStyle = this.looks.strengths[strength] ?? this.looks.text;
    ink.lineWidth = fine ? width * this.dense : 1;
    ink.setLineDash(dashed ? [5 * this.dense, 4 * this.dense] : []);
    ink.beginPath();
    // One long path of wide lines takes longer than many short ones.
    for (; at < cut.count && cut.stroke[at] === strength && (fine ? at - first < 20 && cost < 3_000 : at - first < 500 && cost < 50_000); at++) {
      const x0 = cut.ends[4 * at]!;
      const y0 = cut.ends[4 * at + 1]!;
      const x1 = cut.ends[4 * at + 2]!;
      const y1 = cut.ends[4 * at + 3]!;
      const long = Math.hypot(x1 - x0, y1 - y0) || 1;
      for (let time = 0; time < times; time++) {
        const aside = (time - (times - 1) / 2) / long;
        ink.moveTo(x0 - (y1 - y0) * aside, y0 + (x1 - x0) * aside);
        ink.lineTo(x1 - (y1 - y0) * aside, y1 + (x1 - x0) * aside);
      }
      cost += (long * (dashed ? 3 : 1) + EACH) * (fine ? 5 * width : times);
    }
    ink.stroke();
    return { at, cost };
  }

  // Names.

  /** Where names stand: the most joined first, none over another, beside other dots where there is room; the chosen one and the one under the pointer always. */
  private placed(): Name[] {
    this.pen.font = FONT;
    const seen = this.chosen < 0 ? this.inView(300) : this.near.slice(0, NAMED);
    const room = new Room(this.wide, this.tall, this.view);
    // In a crowd there is a dot under every name.
    if (!seen) room.dot(this.wide / 2, this.tall / 2, Math.max(this.wide, this.tall));
    seen?.forEach((n) => room.dot(this.across(n), this.down(n), this.rounds[n]!));
    const marked = [this.chosen, this.hovered].filter((n, at, all) => n >= 0 && all.indexOf(n) === at);
    const names = marked.map((n) => this.beside(n, room, true)!);
    let left = seen ? Infinity : Math.ceil((this.wide * this.tall) / 12_000);
    let looks = NAMED;
    for (const n of this.chosen < 0 ? this.order : this.near) {
      const [x, y] = [this.across(n), this.down(n)];
      if (x < 0 || y < 0 || x > this.wide || y > this.tall || marked.includes(n)) continue;
      if (left <= 0 || !looks--) break;
      const name = this.beside(n, room, false);
      if (!name) continue;
      names.push(name);
      left -= 1;
    }
    return names;
  }

  private beside(n: number, room: Room, marked: boolean): Name | undefined {
    const [x, y, round] = [this.across(n), this.down(n), this.rounds[n]!];
    const after = x + round + 3;
    // Before it is measured: in a crowd most have no room at all.
    if (!marked && room.isTaken(after, y, 1) && room.isTaken(x - round - 4, y, 1)) return undefined;
    const wide = this.broad(n);
    const begin = room.isFree(after, y, wide) ? after : room.isFree(x - round - 3 - wide, y, wide) ? x - round - 3 - wide : marked || !room.isTaken(after, y, wide) ? after : undefined;
    if (begin === undefined) return undefined;
    const over = !room.isFree(begin, y, wide);
    room.take(begin, y, wide);
    return { n, x: begin, y, wide, marked, over };
  }

  private broad(n: number): number {
    if (this.widths[n]! < 0) this.widths[n] = this.pen.measureText(this.name(n)).width;
    return this.widths[n]!;
  }

  private name(n: number): string {
    return (this.names[n] ??= this.things.label(n));
  }

  /** The ground under names lets them be read over lines; dots lie over it. */
  private ground(names: Name[]): void {
    this.pen.fillStyle = this.looks.ground;
    this.pen.globalAlpha = 0.75;
    for (const { x, y, wide, marked } of names) if (!marked) this.pen.fillRect(x - 2, y - 8, wide + 4, 16);
    this.pen.globalAlpha = 1;
  }

  private write(names: Name[], rests: boolean): void {
    const { pen: ink } = this;
    ink.lineJoin = "round";
    for (const { n, x, y, wide, marked, over } of names.reverse()) {
      if (marked) this.mark(n, x, y, wide);
      // Letters with a rim take ten times as long: for the eye that rests.
      else if (over && (rests || names.length < 50)) {
        ink.lineWidth = 3;
        ink.setLineDash([]);
        ink.strokeStyle = this.looks.ground;
        ink.strokeText(this.name(n), x, y + 4.5);
      }
      ink.fillStyle = this.looks.text;
      ink.fillText(this.name(n), x, y + 4.5);
    }
  }

  private mark(n: number, x: number, y: number, wide: number): void {
    const { pen: ink } = this;
    ink.fillStyle = this.looks.ground;
    ink.fillRect(x - 2, y - 9.5, wide + 5, 19);
    ink.lineWidth = 1.5;
    ink.setLineDash([]);
    ink.strokeStyle = this.looks.accent;
    ink.strokeRect(x - 2, y - 9.5, wide + 5, 19);
    ink.lineWidth = 3;
    ink.beginPath();
    ink.arc(this.across(n), this.down(n), this.rounds[n]! + 1.5, 0, 2 * Math.PI);
    ink.stroke();
  }
}
