// Where symbols would lie on one another: joins what stands still into groups, moves crews beside the
// incident they work at, and finds room for call-outs. Pure functions on numbers; no document needed.
(function (root) {
  'use strict';

  // Groups of points that lie nearer than `reach` to each other, or nearer than `wide` to a group: its ring
  // is larger than a symbol. points: [{x, y, ...}]. Returns arrays of two or more; who is alone is in none.
  function groups(points, reach, wide) {
    let found = gather(points.map((p) => ({ x: p.x, y: p.y, members: [p] })), reach, () => true);
    for (let round = 0; round < 4 && found.some((g) => g.members.length > 1); round++) {
      const before = found.length;
      found = gather(found.sort((a, b) => b.members.length - a.members.length), wide, (g) => g.members.length > 1);
      if (found.length === before) break;
    }
    return found.filter((g) => g.members.length > 1).map((g) => g.members);
  }

  // One pass: each item joins the nearest seed within reach, or becomes a seed itself. seeds: who may take in.
  function gather(items, reach, seeds) {
    const cells = new Map(), made = [];
    for (const item of items) {
      let best = null, least = reach * reach;
      const cx = Math.floor(item.x / reach), cy = Math.floor(item.y / reach);
      for (let i = -1; i <= 1; i++) {
        for (let j = -1; j <= 1; j++) {
          for (const seed of cells.get((cx + i) * 1e7 + cy + j) || []) {
            const d = (seed.x - item.x) ** 2 + (seed.y - item.y) ** 2;
            if (d < least) { least = d; best = seed; }
          }
        }
      }
      if (best) { best.members.push(...item.members); continue; }
      made.push(item);
      if (!seeds(item)) continue;
      const at = cx * 1e7 + cy;
      if (!cells.has(at)) cells.set(at, []);
      cells.get(at).push(item);
    }
    for (const item of made) {
      if (item.members.length < 2) continue;
      item.x = item.members.reduce((sum, m) => sum + m.x, 0) / item.members.length;
      item.y = item.members.reduce((sum, m) => sum + m.y, 0) / item.members.length;
    }
    return made;
  }

  // What stands on an incident is drawn beside it, what it would half cover a little aside. posts, marks:
  // [{x, y, r, id}]. Returns Map(mark -> [dx, dy]); the same marks get the same seats at every call.
  const SEATS = [0, 180, 45, 135, -45, -135, 90, -90].map((d) => (d * Math.PI) / 180);
  function seats(posts, marks) {
    const moved = new Map();
    for (const post of posts) {
      const near = [];
      for (const mark of marks) {
        const d = Math.hypot(mark.x - post.x, mark.y - post.y), reach = post.r + mark.r * 0.9;
        if (moved.has(mark) || d >= reach) continue;
        if (d < reach * 0.4) near.push(mark);
        else moved.set(mark, [((mark.x - post.x) * (reach - d)) / d, ((mark.y - post.y) * (reach - d)) / d]);
      }
      near.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, SEATS.length).forEach((mark, i) => {
        const reach = post.r + mark.r * 0.9;
        moved.set(mark, [post.x + Math.cos(SEATS[i]) * reach - mark.x, post.y + Math.sin(SEATS[i]) * reach - mark.y]);
      });
    }
    return moved;
  }

  // A free place for each label. labels: [{x, y, r, w, h, was}] with an anchor of radius r; blocks:
  // [{x, y, r, cost}]; frame: {w, h, pad, top}. Returns [{x, y, side} or null]: the label's top left corner.
  const SIDES = [[-1, 0], [1, 0], [0, -1], [0, 1], [-0.8, -0.9], [0.8, -0.9], [-0.8, 0.9], [0.8, 0.9]];
  const STEPS = [8, 30, 64, 104];
  function place(labels, blocks, frame) {
    const done = [];
    return labels.map((label) => {
      let best = null;
      for (let step = 0; step < STEPS.length; step++) {
        for (let s = 0; s < SIDES.length; s++) {
          const [ux, uy] = SIDES[s];
          const reach = label.r + STEPS[step];
          const x = label.x + ux * reach + (ux < -0.1 ? -label.w : ux > 0.1 ? 0 : -label.w / 2);
          const y = label.y + uy * reach + (uy < -0.1 ? -label.h : uy > 0.1 ? 0 : -label.h / 2);
          if (x < frame.pad || y < frame.pad || x + label.w > frame.w - frame.pad || y + label.h > frame.h - frame.pad) continue;
          let cost = step * 9 + (s < 2 ? 0 : s < 4 ? 2 : 5);
          for (const other of done) if (over(x, y, label, other)) { cost = Infinity; break; }
          if (cost === Infinity) continue;
          for (const block of blocks) if (block.of !== label.id) cost += hit(x, y, label, block);
          for (const leader of done) if (crosses(label, x, y, leader)) cost += 60;
          if (label.was === s + ':' + step) cost -= 14;           // stays where it is unless it is worth it
          if (!best || cost < best.cost) best = { x, y, side: s + ':' + step, cost, w: label.w, h: label.h, ax: label.x, ay: label.y };
        }
      }
      if (best) done.push(best);
      return best;
    });
  }
  function over(x, y, label, other) {
    const gap = 6;
    return x < other.x + other.w + gap && x + label.w + gap > other.x && y < other.y + other.h + gap && y + label.h + gap > other.y;
  }
  function hit(x, y, label, block) {
    const w = Math.min(x + label.w, block.x + block.r) - Math.max(x, block.x - block.r);
    const h = Math.min(y + label.h, block.y + block.r) - Math.max(y, block.y - block.r);
    return w > 0 && h > 0 ? (block.cost * w * h) / (4 * block.r * block.r) : 0;
  }
  // Would the line from this label to its anchor run through a label that is placed already?
  function crosses(label, x, y, other) {
    const tx = Math.max(x, Math.min(label.x, x + label.w)), ty = Math.max(y, Math.min(label.y, y + label.h));
    for (let i = 1; i < 8; i++) {
      const px = label.x + ((tx - label.x) * i) / 8, py = label.y + ((ty - label.y) * i) / 8;
      if (px > other.x && px < other.x + other.w && py > other.y && py < other.y + other.h) return true;
    }
    return false;
  }

  const arrange = { groups, seats, place };
  if (typeof module === 'object' && module.exports) module.exports = arrange;
  else (root.room = root.room || {}).arrange = arrange;
})(typeof window === 'undefined' ? globalThis : window);
