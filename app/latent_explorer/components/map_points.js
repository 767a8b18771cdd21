// Where the items are: polygons, and an index of the points of a panel for finding those near a place or in view.

const MAX_VERTICES = 40;       // the same bound as in selection.py
const BUCKET_SHIFT = 9;        // 65,536 levels >> 9 = 128 buckets per axis for finding the nearest point
const BUCKETS = 65536 >> BUCKET_SHIFT;

/** A test of whether (x, y) is inside a polygon, by the even-odd rule; the arithmetic of `inside` in selection.py. */
function insideOf(polygon) {
  const xs = Float64Array.from(polygon, ([x]) => x), ys = Float64Array.from(polygon, ([, y]) => y);
  return (x, y) => {
    let result = false;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
      if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) result = !result;
    }
    return result;
  };
}

/** The four corners of the box with these opposite corners. */
const boxOf = ([x0, y0], [x1, y1]) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];

/** Douglas-Peucker: drop the vertices of a path that are within `tolerance` of the path through the others. */
function thin(path, tolerance) {
  const keep = new Uint8Array(path.length);
  keep[0] = keep[path.length - 1] = 1;
  const spans = [[0, path.length - 1]];
  while (spans.length) {
    const [first, last] = spans.pop();
    const [ax, ay] = path[first], [bx, by] = path[last];
    const length = Math.hypot(bx - ax, by - ay);
    let farthest = -1, distance = tolerance;
    for (let i = first + 1; i < last; i++) {
      const [x, y] = path[i];
      const d = length ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length : Math.hypot(x - ax, y - ay);
      if (d > distance) [farthest, distance] = [i, d];
    }
    if (farthest < 0) continue;
    keep[farthest] = 1;
    spans.push([first, farthest], [farthest, last]);
  }
  return path.filter((_, i) => keep[i]);
}

/** Simplify a hand-drawn outline until it has few enough vertices for a link. */
function simplify(path, most = MAX_VERTICES) {
  let result = path;
  for (let tolerance = 0.7; result.length > most || tolerance === 0.7; tolerance *= 1.4) result = thin(path, tolerance);
  return result;
}

/** The coordinates of all items in one panel, with an index for finding those near a place. */
class Points {
  constructor([x0, y0, stepX, stepY], cellsX, cellsY) {
    Object.assign(this, { x0, y0, stepX, stepY, cellsX, cellsY, count: cellsX.length });
    // Double precision, because Python decides with the same doubles which points are inside a lasso.
    this.x = Float64Array.from(cellsX, (cell) => x0 + cell * stepX);
    this.y = Float64Array.from(cellsY, (cell) => y0 + cell * stepY);
    this.#index();
  }

  /** Whether both are places of the same items in the same frame, so that one can turn into the other. */
  sharesFrame(other) {
    return ["count", "x0", "y0", "stepX", "stepY"].every((key) => this[key] === other?.[key]);
  }

  get bounds() {
    return { left: this.x0, right: this.x0 + 65535 * this.stepX, bottom: this.y0, top: this.y0 + 65535 * this.stepY };
  }

  /** The longer side of the map, in its own units. */
  get extent() {
    return 65535 * Math.max(this.stepX, this.stepY);
  }

  /** Sort the items by bucket (a counting sort): `order` from `start[b]` to `start[b + 1]` holds bucket b. */
  #index() {
    const bucket = (i) => (this.cellsY[i] >> BUCKET_SHIFT) * BUCKETS + (this.cellsX[i] >> BUCKET_SHIFT);
    this.start = new Uint32Array(BUCKETS * BUCKETS + 1);
    for (let i = 0; i < this.count; i++) this.start[bucket(i) + 1]++;
    for (let b = 0; b < BUCKETS * BUCKETS; b++) this.start[b + 1] += this.start[b];
    const next = this.start.slice();
    this.order = new Uint32Array(this.count);
    for (let i = 0; i < this.count; i++) this.order[next[bucket(i)]++] = i;
  }

  /** Spans `[from, to)` of `order` that hold every item of a rectangle, and some just outside: one a row of buckets. */
  spans(left, right, bottom, top) {
    const bucket = (at, origin, step) =>
      Math.max(0, Math.min(BUCKETS - 1, Math.floor((at - origin) / step / (1 << BUCKET_SHIFT))));
    const [first, last] = [bucket(left, this.x0, this.stepX), bucket(right, this.x0, this.stepX)];
    const found = [];
    for (let row = bucket(bottom, this.y0, this.stepY); row <= bucket(top, this.y0, this.stepY); row++) {
      found.push([this.start[row * BUCKETS + first], this.start[row * BUCKETS + last + 1]]);
    }
    return found;
  }

  /** Call `visit(item)` for every shown item of a rectangle, until it returns true. */
  visit({ left, right, bottom, top }, isShown, visit) {
    for (const [from, to] of this.spans(left, right, bottom, top)) {
      for (let k = from; k < to; k++) {
        const i = this.order[k], x = this.x[i], y = this.y[i];
        if (x >= left && x <= right && y >= bottom && y <= top && isShown(i) && visit(i)) return;
      }
    }
  }

  /** Call `visit(item, distance)` for every shown item within `radius` of (x, y). */
  #near(x, y, radius, isShown, visit) {
    const box = { left: x - radius, right: x + radius, bottom: y - radius, top: y + radius };
    this.visit(box, isShown, (item) => {
      const distance = Math.hypot(this.x[item] - x, this.y[item] - y);
      if (distance <= radius) visit(item, distance);
    });
  }

  /** The `count` shown items nearest to (x, y) as `[item, distance]`, nearest first. */
  nearest(x, y, count, isShown) {
    const whole = 3 * this.extent;  // so far from the map nobody points at an item
    for (let radius = this.extent / (4 * BUCKETS); ; radius *= 2) {
      const found = [];
      this.#near(x, y, radius, isShown, (item, distance) => found.push([item, distance]));
      if (found.length >= count || radius > whole) return found.sort((a, b) => a[1] - b[1]).slice(0, count);
    }
  }

  /** The shown item nearest to (x, y) within `radius`, or -1. */
  at(x, y, radius, isShown) {
    let best = -1, least = Infinity;
    this.#near(x, y, radius, isShown, (item, distance) => {
      if (distance < least) [best, least] = [item, distance];
    });
    return best;
  }

  /** The shown items of a rectangle in increasing order, or null where they are more than `most`. */
  inView(box, most, isShown) {
    const found = [];
    this.visit(box, isShown, (item) => found.push(item) > most);
    return found.length > most ? null : found.sort((a, b) => a - b);
  }

  /**
   * The next item from `item`, which stands at `[x, y]`, in a direction `[dx, dy]`: the nearest of those within 45 degrees
   * of it, or -1.
   */
  next([x, y], item, [dx, dy], isShown) {
    const ahead = (i) => {
      const along = (this.x[i] - x) * dx + (this.y[i] - y) * dy;
      const across = Math.abs((this.x[i] - x) * dy - (this.y[i] - y) * dx);
      return i !== item && isShown(i) && along > 0 && across <= along;
    };
    return this.nearest(x, y, 1, ahead)[0]?.[0] ?? -1;
  }
}

/**
 * Weights `[[item, weight], ...]` of the items round a place, which add up to 1 and change continuously with it.
 *
 * `found` is `[item, distance]`, nearest first, one more than take part: Shepard's inverse distances in the form of
 * Franke and Nielson (1980), ((R - d) / (R d))^2, with R the distance of the one left out, so that an item enters and
 * leaves with weight 0. Distances count from the rim of the dots: on a dot it is the item and nothing else.
 */
function blend(found, rim) {
  const [nearest] = found, gaps = found.map(([item, distance]) => [item, Math.max(0, distance - rim)]);
  const reach = gaps.at(-1)[1];
  if (gaps[0][1] <= 0 || reach <= gaps[0][1]) return [[nearest[0], 1]];
  const raw = gaps.slice(0, -1).map(([item, gap]) => [item, ((reach - gap) / (reach * gap)) ** 2]);
  const total = raw.reduce((sum, [, weight]) => sum + weight, 0);
  return raw.map(([item, weight]) => [item, weight / total]);
}

/** What the points message holds: the class of every item, and its place in every panel. */
class Dataset {
  constructor({ header, arrays: [classes, ...columns] }) {
    this.digest = header.digest;
    this.classes = classes;
    this.panels = header.grids.map((grid, p) => new Points(grid, columns[2 * p], columns[2 * p + 1]));
  }
}
