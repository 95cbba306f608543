// All objects that the stream brought, by feed and id, and where each one is at this instant.
// They outlive a page: the map of the next page finds them here.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const GLIDE_MS = 1000;          // longest glide between two fixes
  const LEAP = 5e-5;              // of the world's width (about 2 km): farther than that is no drive between two fixes
  const STILL = 6e-7;             // about 24 m: less is a parked unit's GPS noise
  const STILL_MS = 20_000;
  const reduced = window.matchMedia('(prefers-reduced-motion: reduce)');

  const worldX = (lon) => (lon + 180) / 360;
  function worldY(lat) {
    const sin = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
    return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
  }
  const turned = (from, to) => ((to - from + 540) % 360) - 180;      // the short way round

  class Thing {
    constructor(feed, row) {
      this.feed = feed;
      this.id = String(row[0]);
      this.placed = false;
      this.x = this.y = this.fx = this.fy = this.ax = this.ay = 0;   // target, start of glide, anchor
      this.h = this.fh = 0;
      this.t0 = 0;
      this.gliding = false;
      this.movedAt = -1e9;
      this.stale = false;
      this.strip = null;            // the map's: picture, rank, place in a cluster, pixels moved aside
      this.rank = 0;
      this.group = null;
      this.dx = this.dy = 0;
    }

    // Take a new row. Returns true if anything but the place changed.
    take(row, now, glide) {
      const looks = this.symbol !== row[4] || this.state !== row[5];
      const extra = row[9] ?? null;
      const facts = looks || this.label !== row[8] || ((extra || this.extra) && JSON.stringify(this.extra) !== JSON.stringify(extra));
      this.symbol = String(row[4]);
      this.state = String(row[5]);
      this.event = row[6] ?? null;
      this.maxAge = row[7] ?? null;
      this.label = String(row[8] ?? this.id);
      this.extra = extra;
      const heading = typeof row[3] === 'number' ? ((row[3] % 360) + 360) % 360 : null;
      if (typeof row[1] === 'number' && typeof row[2] === 'number') this.move(worldX(row[2]), worldY(row[1]), heading, now, glide);
      else { this.placed = false; this.gliding = false; }
      return facts || (this.stale && !this.isStale(room.clock.now()));    // heard again
    }

    move(x, y, heading, now, glide) {
      if (!this.placed) {
        this.placed = true;
        this.x = this.fx = this.ax = x;
        this.y = this.fy = this.ay = y;
        this.h = this.fh = heading ?? this.h;
        this.gliding = false;
        return;
      }
      const far = Math.hypot(x - this.x, y - this.y);
      if (Math.hypot(x - this.ax, y - this.ay) > STILL) { this.ax = x; this.ay = y; this.movedAt = now; }
      if (heading === null && far > STILL / 4) heading = ((Math.atan2(x - this.x, this.y - y) * 180) / Math.PI + 360) % 360;
      if (far === 0 && (heading === null || heading === this.h)) return;
      const at = this.at(now);
      this.fx = at[0]; this.fy = at[1]; this.fh = at[2];
      this.x = x; this.y = y;
      this.h = heading ?? this.h;
      this.t0 = now;
      this.gliding = glide && far < LEAP && !reduced.matches;
      if (!this.gliding) { this.fx = x; this.fy = y; this.fh = this.h; }
    }

    // [x, y, heading] at `now`; world coordinates 0 to 1, degrees.
    at(now) {
      if (!this.gliding) return [this.x, this.y, this.h];
      const part = (now - this.t0) / GLIDE_MS;
      if (part >= 1) return [this.x, this.y, this.h];
      const p = part < 0 ? 0 : part;
      return [this.fx + (this.x - this.fx) * p, this.fy + (this.y - this.fy) * p, this.fh + turned(this.fh, this.h) * Math.min(1, p * 2)];
    }

    parked(now) { return now - this.movedAt > STILL_MS; }

    isStale(serverNow) {
      if (this.event === null) return this.maxAge !== null;
      return this.maxAge !== null && serverNow - this.event > this.maxAge * 1000;
    }
  }

  const layers = new Map();        // feed -> Map(id -> Thing)
  const listeners = new Set();

  // One frame's layers: {feed: {set: [row], del: [id]}}. full: what is not in it is gone.
  function apply(frame, full) {
    const now = performance.now();
    const glide = document.visibilityState === 'visible';
    const change = { moved: false, facts: false, members: false, feeds: new Set() };
    if (full) {
      for (const [feed, known] of layers) {
        const kept = new Set((frame[feed]?.set || []).map((row) => String(row[0])));
        for (const id of [...known.keys()]) if (!kept.has(id)) { known.delete(id); change.members = true; change.feeds.add(feed); }
      }
    }
    for (const [feed, part] of Object.entries(frame || {})) {
      let known = layers.get(feed);
      if (!known) layers.set(feed, (known = new Map()));
      change.feeds.add(feed);
      for (const id of part.del || []) change.members = known.delete(String(id)) || change.members;
      for (const row of part.set || []) {
        if (!Array.isArray(row)) continue;
        const id = String(row[0]);
        let thing = known.get(id);
        if (!thing) { known.set(id, (thing = new Thing(feed, row))); change.members = true; }
        if (thing.take(row, now, glide)) change.facts = true;
        change.moved = true;
      }
    }
    if (change.moved || change.members) for (const listener of listeners) listener(change);
  }

  room.things = {
    layers,
    apply,
    get: (feed, id) => layers.get(feed)?.get(id),
    onChange: (listener) => { listeners.add(listener); return () => listeners.delete(listener); },
    world: (lat, lon) => [worldX(lon), worldY(lat)],
    latLng: (x, y) => [(Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI, x * 360 - 180],
    GLIDE_MS,
  };
})();
