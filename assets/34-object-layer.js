// Draws everything that the stream brings, on two canvases: what stands (hotspots, facilities) below,
// redrawn only when it changes; units and incidents above, redrawn while something glides. The layer
// measures what a redraw costs and lowers its own rate; where nothing moves nothing is drawn.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const MOST_PER_S = 22, LEAST_PER_S = 8.4, MANY = 6000, MANY_PER_S = 12;
  // Symbols shrink where they would cover the map more than COVER times; where even that is not enough,
  // of those on one spot only the topmost is copied.
  const STEPS = [1, 0.85, 0.72, 0.6], COVER = 3.5, SPOT = 7;
  const DUTY = 0.45;               // share of the time that redrawing may take
  const BLIT_FROM = 300;           // symbols; below that drawImage is as good and needs no picture of our own
  const ARRANGE_MS = 1000;
  const GLIDE_MS = room.things.GLIDE_MS;
  // Units by status: who is on a call lies above who is free.
  const RANKS = { out_of_service: 1, available: 2, stale: 3, at_hospital: 4, transporting: 5, on_scene: 6, dispatched: 7, en_route: 8 };

  room.map = { stats: { redraws: 0, still: 0, base: 0, visible: 0, drawn: 0, gliding: 0, draw_ms: 0, cost_ms: 0, interval_ms: 0, ticks: 0 }, maps: new Map() };
  const stats = room.map.stats;

  class Group {
    constructor(members, layer, strip, upper) {
      this.members = members;
      this.feed = layer.name;
      this.x = members.reduce((sum, m) => sum + m.x, 0) / members.length;
      this.y = members.reduce((sum, m) => sum + m.y, 0) / members.length;
      this.h = this.dx = this.dy = 0;
      this.gliding = false;
      this.strip = strip;
      this.upper = upper;
    }
  }

  room.ObjectLayer = class {
    // look: () => {ink, scale}; onPlaced: called when symbols may have changed places.
    constructor(map, layers, look, onPlaced) {
      this.map = map;
      this.look = look;
      this.onPlaced = onPlaced;
      this.layers = new Map(layers.map((layer) => [layer.name, layer]));
      this.quiet = new Map(layers.map((layer) => [layer.name, new Set(layer.quiet || [])]));
      this.below = new room.CanvasPane(map, 'room-still', 390);
      this.above = new room.CanvasPane(map, 'room-units', 420, 0);
      this.upper = [];               // drawn above, in order: things and groups
      this.lower = [];
      this.drawn = new Int32Array(0); // per upper entry: x, y, cell
      this.selected = null;
      this.arrangedAt = 0;
      this.moveTimer = 0;
      this.crowd = 0;                // step of STEPS
      this.blitter = new room.Blitter();
      this.cost = 5;
      this.due = 0;
      this.restyle();
      this.stopListening = room.things.onChange((change) => this.changed(change));
      this.stopTicking = room.clock.onTick(() => this.checkStale());
    }

    // New colours, size or pixel ratio: all pictures are made anew.
    restyle() {
      const { ink, scale } = this.look();
      this.atlas = new room.Atlas(ink, scale, window.devicePixelRatio || 1);
      this.replaced();
      this.rearrange(true);
    }

    changed(change) {
      const still = [...change.feeds].some((feed) => !this.layers.get(feed)?.moving);
      if (change.facts || change.members) this.rearrange(still);
      else {                         // who moved may leave or join a group: looked at once a second
        this.stillMoved = this.stillMoved || still;
        this.moveTimer ||= setTimeout(() => {
          this.moveTimer = 0;
          this.rearrange(this.stillMoved);
          this.stillMoved = false;
        }, Math.max(0, this.arrangedAt + ARRANGE_MS - performance.now()));
      }
      this.wake();
    }

    rearrange(still) {
      this.unarranged = true;
      this.stillDirty = this.stillDirty || still;
      this.wake();
    }

    // The view came to rest elsewhere, or is being dragged.
    replaced() { this.unplaced = true; this.wake(); }

    checkStale() {
      const now = room.clock.now();
      let lower = false, any = false;
      for (const [feed, known] of room.things.layers) {
        for (const thing of known.values()) {
          if (thing.isStale(now) !== thing.stale) { any = true; lower = lower || !this.layers.get(feed)?.moving; }
        }
      }
      if (any) this.rearrange(lower);
    }

    // --- what is drawn, and where --------------------------------------------------------------
    arrange() {
      this.unarranged = false;
      this.arrangedAt = performance.now();
      const now = this.arrangedAt, server = room.clock.now(), unit = this.above.unit / this.above.ratio;
      const ranks = [];
      const lower = [], quiet = [], posts = [], parked = new Map(), standing = new Map();
      const put = (rank, entry) => (ranks[rank] ? ranks[rank].push(entry) : (ranks[rank] = [entry]));
      const collect = (into, key, entry) => (into.has(key) ? into.get(key).push(entry) : into.set(key, [entry]));
      for (const [feed, known] of room.things.layers) {
        const layer = this.layers.get(feed);
        if (!layer) continue;
        const calm = this.quiet.get(feed), colours = layer.colours || {};
        const size = (layer.size || 34) * (layer.moving ? STEPS[this.crowd] : 1);
        for (const thing of known.values()) {
          thing.stale = thing.isStale(server);
          thing.group = null;
          thing.dx = thing.dy = 0;
          if (!thing.placed) continue;
          const state = thing.stale || thing.state === 'unknown' ? 'stale' : thing.state;
          if (calm.has(state)) { thing.strip = this.atlas.dot(); thing.wears = ''; quiet.push(thing); continue; }
          this.dress(thing, state, size, colours);
          const px = { thing, id: thing.id, x: thing.x * unit, y: thing.y * unit, r: thing.strip.radius };
          if (thing.symbol === 'incident') { put(30 - (Number(state) || 4), thing); posts.push(px); }
          else if (!layer.moving) { if (layer.cluster) collect(standing, feed, px); else lower.push(thing); }
          else if (thing.parked(now)) { px.rank = 10 + (RANKS[state] || 2); collect(parked, feed, px); }
          else put(10 + (RANKS[state] || 2), thing);
        }
      }
      for (const [feed, crews] of parked) {
        const layer = this.layers.get(feed);
        const atPost = room.arrange.seats(posts.map((p) => ({ ...p, r: p.r * 0.3 })), crews);
        const marks = crews.filter((crew) => atPost.has(crew));
        this.join(crews.filter((crew) => !atPost.has(crew)), layer, 0.55, true, (group) => {
          put(10, group);
          marks.push({ thing: group, id: group.members[0].id, x: group.x * unit, y: group.y * unit, r: group.strip.radius });
        });
        for (const crew of crews) {
          if (crew.thing.group) continue;
          put(crew.rank, crew.thing);
          if (!atPost.has(crew)) marks.push(crew);
        }
        for (const [mark, [dx, dy]] of room.arrange.seats(posts, marks)) { mark.thing.dx = dx; mark.thing.dy = dy; }
      }
      for (const [feed, points] of standing) {
        this.join(points, this.layers.get(feed), 0.85, false, (group) => lower.push(group));
        for (const point of points) if (!point.thing.group) lower.push(point.thing);
      }
      this.upper = [].concat(...ranks.filter(Boolean));
      this.lower = lower;
      this.calm = this.thin(quiet, unit);
      if (this.drawn.length < this.upper.length * 3) this.drawn = new Int32Array(this.upper.length * 4);
      this.dirty = true;
      this.onPlaced();
    }

    // Its picture; looked up only when symbol, state or atlas changed.
    dress(thing, state, size, colours) {
      const wears = thing.symbol + '|' + state + '|' + size;
      if (thing.wears === wears && thing.atlas === this.atlas) return;
      thing.wears = wears;
      thing.atlas = this.atlas;
      thing.strip = this.atlas.strip(thing.symbol, state, size, colours[state]);
    }

    join(points, layer, reach, upper, put) {
      if (points.length < 2) return;
      const size = (layer.size || 34) * this.look().scale;
      for (const members of room.arrange.groups(points, size * reach, size * 1.15)) {
        const counts = new Map();
        for (const { thing } of members) {
          const token = thing.stale || thing.state === 'unknown' ? 'unk' : (layer.colours || {})[thing.state] || 't2';
          counts.set(token, (counts.get(token) || 0) + 1);
        }
        const parts = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
        const group = new Group(members.map((m) => m.thing), layer, this.atlas.donut(parts, members.length, layer.size || 34, Boolean(layer.moving)), upper);
        for (const { thing } of members) thing.group = group;
        put(group);
      }
    }

    // Of dots that would touch, one is enough.
    thin(things, unit) {
      const gap = 9 * this.look().scale, seen = new Set(), kept = [];
      for (const thing of things) {
        const cell = Math.floor((thing.x * unit) / gap) * 1e7 + Math.floor((thing.y * unit) / gap);
        if (!seen.has(cell)) { seen.add(cell); kept.push(thing); }
      }
      return kept;
    }

    // --- drawing ---------------------------------------------------------------------------------
    wake() {
      if (!this.frame && !this.gone) this.frame = requestAnimationFrame((at) => this.tick(at));
    }

    tick(at) {
      this.frame = 0;
      stats.ticks += 1;
      if (this.spent) {              // what the last redraw cost, painting included: how late this frame is
        const late = at - this.drawnAt - 17;
        this.cost += 0.25 * (Math.max(this.spent, Math.min(late, 250)) - this.cost);
        this.spent = 0;
        stats.cost_ms = this.cost;
      }
      const wanted = this.dirty || this.unarranged || this.unplaced || this.stillDirty || this.moving;
      if (!wanted) return;
      if (at < this.due - 5) { this.wake(); return; }
      const most = stats.visible > MANY ? MANY_PER_S : MOST_PER_S;
      const interval = Math.min(1000 / LEAST_PER_S, Math.max(1000 / most, this.cost / DUTY));
      this.due = at - this.due > interval ? at + interval : this.due + interval;    // keeps the rate on average
      stats.interval_ms = interval;
      const began = performance.now();
      const placed = this.unplaced;
      if (placed) {
        this.unplaced = false;
        const zoom = this.above.zoom;
        this.above.place();
        this.dirty = true;
        if (zoom !== this.above.zoom) this.unarranged = this.stillDirty = true;
        if (!this.dragging) { this.below.place(); this.stillDirty = true; }
      }
      if (this.unarranged) this.arrange();
      if (this.stillDirty) this.drawStill();
      const drew = this.drawUpper(performance.now());
      if (drew) { this.spent = performance.now() - began; this.drawnAt = at; stats.draw_ms = this.spent; }
      if (placed) this.onPlaced();
      this.onFrame?.();
      if (this.moving || this.spent) this.wake();
    }

    // Returns whether anything was drawn: pixels that would come out the same are left alone.
    drawUpper(now) {
      const { unit, ox, oy, ratio, canvas, pen } = this.above;
      const { upper, drawn } = this;
      const width = canvas.width, height = canvas.height, turns = room.Atlas.TURNS;
      let changed = this.dirty, visible = 0, gliding = 0, landed = false;
      for (let i = 0, at = 0; i < upper.length; i++, at += 3) {
        const thing = upper[i];
        let x = thing.x, y = thing.y, h = thing.h;
        if (thing.gliding) {
          const part = (now - thing.t0) / GLIDE_MS;
          if (part >= 1) { thing.gliding = false; landed = true; } else {
            gliding++;
            const p = part < 0 ? 0 : part;
            x = thing.fx + (x - thing.fx) * p;
            y = thing.fy + (y - thing.fy) * p;
            h = thing.fh + (((h - thing.fh + 540) % 360) - 180) * (p > 0.5 ? 1 : p * 2);
          }
        }
        const strip = thing.strip;
        const px = Math.round(x * unit - ox + thing.dx * ratio - strip.half), py = Math.round(y * unit - oy + thing.dy * ratio - strip.half);
        let cell = -1;
        if (px > -strip.cell && py > -strip.cell && px < width && py < height) {
          visible++;
          cell = strip.turns > 1 ? (Math.round((h * turns) / 360) + turns) % turns : 0;
        }
        if (drawn[at + 2] !== cell || (cell >= 0 && (drawn[at] !== px || drawn[at + 1] !== py))) {
          changed = true;
          drawn[at] = px; drawn[at + 1] = py; drawn[at + 2] = cell;
        }
      }
      this.moving = gliding > 0;
      this.weigh(visible, width * height);
      stats.visible = visible + this.lower.length;
      stats.gliding = gliding;
      if (landed && !this.moving) this.rearrange(false);
      if (!changed) return false;
      this.dirty = false;
      const culled = this.crowd === STEPS.length - 1;
      if (culled) this.cull(width, height);
      const blit = visible > BLIT_FROM ? this.blitter : null, halos = [];
      if (blit) blit.begin(width, height); else pen.clearRect(0, 0, width, height);
      let copies = 0;
      for (let i = 0, at = 0; i < upper.length; i++, at += 3) {
        const cell = drawn[at + 2];
        if (cell < 0 || (culled && this.covered[i])) continue;
        copies++;
        const thing = upper[i], strip = thing.strip, x = drawn[at], y = drawn[at + 1];
        if (thing.state === '1' && thing.symbol === 'incident') halos.push([x + strip.half, y + strip.half, strip.px * 0.66]);
        if (blit) { blit.copy(strip, cell, x, y); continue; }
        const w = strip.cell, { boxes } = strip, b = cell * 4;
        pen.drawImage(strip.image, (cell & 7) * w + boxes[b], (cell >> 3) * w + boxes[b + 1], boxes[b + 2], boxes[b + 3], x + boxes[b], y + boxes[b + 1], boxes[b + 2], boxes[b + 3]);
      }
      if (blit) blit.show(pen);
      for (const [x, y, r] of halos) this.halo(pen, x, y, r, this.atlas.ink.s1);
      this.ringSelected(pen);
      stats.redraws += 1;
      stats.drawn = copies;
      return true;
    }

    // How small must symbols be here? A step back only where there is room to spare, so that none flickers.
    weigh(visible, area) {
      const { scale } = this.look();
      const cover = (step) => (visible * (34 * scale * this.above.ratio * STEPS[step]) ** 2) / area;
      let step = this.crowd;
      while (step < STEPS.length - 1 && cover(step) > COVER) step++;
      while (step > 0 && cover(step - 1) < COVER * 0.8) step--;
      if (step !== this.crowd) { this.crowd = step; this.rearrange(false); }
    }

    // In a crowd: marks what lies, to a few pixels, beneath another; nobody would see it.
    cull(width, height) {
      const { upper, drawn } = this;
      const size = SPOT * this.above.ratio, across = Math.ceil(width / size) + 12;
      const cells = across * (Math.ceil(height / size) + 12);
      if (!this.taken || this.taken.length < cells) this.taken = new Uint8Array(cells);
      if (!this.covered || this.covered.length < upper.length) this.covered = new Uint8Array(upper.length * 2);
      this.taken.fill(0);
      for (let i = upper.length - 1; i >= 0; i--) {
        const at = i * 3;
        if (drawn[at + 2] < 0) continue;
        const half = upper[i].strip.half;
        const cell = (((drawn[at + 1] + half) / size + 6) | 0) * across + (((drawn[at] + half) / size + 6) | 0);
        this.covered[i] = this.taken[cell];
        this.taken[cell] = 1;
      }
    }

    halo(pen, x, y, r, colour) {
      pen.beginPath();
      pen.arc(x, y, r, 0, 7);
      pen.lineWidth = r * 0.1;
      pen.strokeStyle = colour;
      pen.stroke();
    }

    ringSelected(pen) {
      const thing = this.selected && room.things.get(this.selected.feed, this.selected.id);
      if (!thing || !thing.placed) return;
      const place = this.pixel(thing.group || thing);
      const { ratio } = this.above;
      const strip = (thing.group || thing).strip;
      if (strip) this.halo(pen, place.x * ratio, place.y * ratio, Math.max(12 * ratio, strip.px * 0.72), this.atlas.ink.sel);
    }

    drawStill() {
      this.stillDirty = false;
      const { below } = this;
      below.clear();
      const copy = (entry) => {
        const strip = entry.strip;
        below.pen.drawImage(strip.image, 0, 0, strip.cell, strip.cell, Math.round(entry.x * below.unit - below.ox - strip.half), Math.round(entry.y * below.unit - below.oy - strip.half), strip.cell, strip.cell);
      };
      for (const thing of this.calm) copy(thing);
      for (const entry of this.lower) copy(entry);
      stats.still += 1;
    }

    // --- questions -------------------------------------------------------------------------------
    // Where a thing or group is drawn now, in the container's pixels.
    pixel(entry) {
      const [x, y] = entry.members ? [entry.x, entry.y] : entry.at(performance.now());
      const zoomed = 256 * Math.pow(2, this.map.getZoom());
      const corner = this.map.getPixelBounds().min;
      return L.point(x * zoomed - corner.x + entry.dx, y * zoomed - corner.y + entry.dy);
    }

    // The topmost thing or group at a point of the container, or null.
    hit(point, slack) {
      let best = null, least = Infinity;
      const look = (entries, add) => {
        for (let i = entries.length - 1; i >= 0; i--) {
          const at = this.pixel(entries[i]);
          const d = Math.hypot(at.x - point.x, at.y - point.y) - entries[i].strip.radius;
          if (d < slack && d + add < least) { least = d + add; best = entries[i]; }
        }
      };
      look(this.upper, 0);
      if (!best || least > 0) { look(this.lower, 4); look(this.calm || [], 6); }
      return best;
    }

    follow(center, zoom) { this.above.follow(center, zoom); this.below.follow(center, zoom); }

    remove() {
      this.gone = true;
      cancelAnimationFrame(this.frame);
      clearTimeout(this.moveTimer);
      this.stopListening();
      this.stopTicking();
      this.above.remove();
      this.below.remove();
      this.upper = this.lower = this.calm = [];
      this.blitter.free();
    }
  };
})();
