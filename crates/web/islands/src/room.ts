// Where names have room beside their things. It knows places and widths, no canvas and no letters.

export const [DOT, NAME] = [1, 2];
const CELL = [12, 6] as const;

/** The room for names, in cells of the view that move with it, so that names stay where they are while it is pushed. */
export class Room {
  private readonly columns: number;
  private readonly rows: number;
  private readonly taken: Uint8Array;
  private readonly right: number;
  private readonly down: number;

  constructor(private readonly wide: number, tall: number, view: { x: number; y: number; k: number }) {
    [this.columns, this.rows] = [Math.ceil(wide / CELL[0]) + 1, Math.ceil(tall / CELL[1]) + 1];
    this.taken = new Uint8Array(this.columns * this.rows);
    const phase = (at: number, cell: number) => ((at % cell) + cell) % cell;
    [this.right, this.down] = [phase(view.x * view.k - wide / 2, CELL[0]), phase(view.y * view.k - tall / 2, CELL[1])];
  }

  dot(x: number, y: number, round: number): void {
    this.fill(x - round, x + round, y - round, y + round, DOT);
  }

  take(x: number, y: number, wide: number): void {
    this.fill(x, x + wide, y - 8, y + 8, NAME);
  }

  /** Another name is there. */
  isTaken(x: number, y: number, wide: number): boolean {
    return this.most(x, y, wide) === NAME;
  }

  /** Nothing is there, and it is in the view. */
  isFree(x: number, y: number, wide: number): boolean {
    return x >= 0 && x + wide <= this.wide && !this.most(x, y, wide);
  }

  private most(x: number, y: number, wide: number): number {
    let most = 0;
    const [begin, end, top, low] = this.cells(x, x + wide, y - 8, y + 8);
    for (let row = top; row <= low; row++) for (let at = row * this.columns + begin; at <= row * this.columns + end; at++) most = Math.max(most, this.taken[at]!);
    return most;
  }

  private fill(left: number, right: number, top: number, low: number, by: number): void {
    const [begin, end, first, last] = this.cells(left, right, top, low);
    for (let row = first; row <= last; row++) for (let at = row * this.columns + begin; at <= row * this.columns + end; at++) this.taken[at] = Math.max(this.taken[at]!, by);
  }

  private cells(left: number, right: number, top: number, low: number): [number, number, number, number] {
    const column = (x: number) => Math.floor((x + this.right) / CELL[0]);
    const row = (y: number) => Math.floor((y + this.down) / CELL[1]);
    return [Math.max(0, column(left)), Math.min(this.columns - 1, column(right)), Math.max(0, row(top)), Math.min(this.rows - 1, row(low))];
  }
}
