// Call-outs: name and running time of the worst incidents, with a line to each. They keep clear of each
// other, of the edges and, where they can, of units, and stay where they are until that gets too bad.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const AGAIN_MS = 5000;
  const SVG = 'http://www.w3.org/2000/svg';

  function box(thing) {
    const el = document.createElement('button');
    el.type = 'button';
    el.tabIndex = -1;
    const name = document.createElement('span');
    name.className = 'callout-name';
    const elapsed = document.createElement('span');
    elapsed.className = 'elapsed';
    el.append(name, elapsed);
    return { el, name, thing, line: document.createElementNS(SVG, 'line'), was: null };
  }
  const iso = (ms) => (Number.isFinite(ms) ? new Date(ms).toISOString() : '');
  function fill(label, thing) {
    const extra = thing.extra || {};
    const set = (key, value) => { if (label.el.dataset[key] !== value) label.el.dataset[key] = value; };
    label.thing = thing;
    const name = String(extra.callout || thing.label);
    if (label.name.textContent !== name) label.name.textContent = name;
    set('since', iso(extra.since_ms ?? thing.event));
    set('ended', iso(extra.ended_ms ?? NaN));
    set('style', extra.target_s && !extra.ended_ms ? 'clock' : 'age');
    const cls = 'callout callout-' + thing.state;
    if (label.el.className !== cls) label.el.className = cls;
    label.line.setAttribute('class', 'callout-line callout-line-' + thing.state);
  }

  room.Callouts = class {
    constructor(map, objects, look, onPress) {
      this.map = map;
      this.objects = objects;
      this.look = look;                          // () => {most, scale}
      this.pane = map.getPane('room-callouts') || map.createPane('room-callouts');
      this.pane.style.zIndex = 450;
      this.pane.style.pointerEvents = 'none';
      this.svg = document.createElementNS(SVG, 'svg');
      this.svg.setAttribute('class', 'callout-lines');
      this.pane.append(this.svg);
      this.labels = new Map();
      this.laidAt = -1e9;
      this.onPress = onPress;
    }

    // Symbols may have moved. urgent: the view or the set of incidents changed.
    update(urgent) {
      const now = performance.now();
      const chosen = this.choose();
      const key = chosen.map((t) => t.feed + '/' + t.id + ':' + t.state).join(' ');
      if (!urgent && key === this.key && now - this.laidAt < AGAIN_MS) {
        for (const thing of chosen) fill(this.labels.get(thing.feed + '/' + thing.id), thing);
        return;
      }
      this.key = key;
      this.laidAt = now;
      this.lay(chosen);
    }

    choose() {
      const found = [];
      for (const known of room.things.layers.values()) {
        for (const thing of known.values()) {
          if (thing.placed && thing.extra?.callout && (thing.state === '1' || thing.state === '2')) found.push(thing);
        }
      }
      const bounds = this.map.getSize();
      return found
        .filter((thing) => { const at = this.objects.pixel(thing); return at.x > 0 && at.y > 0 && at.x < bounds.x && at.y < bounds.y; })
        .sort((a, b) => (a.state < b.state ? -1 : a.state > b.state ? 1 : (a.extra.since_ms || 0) - (b.extra.since_ms || 0)))
        .slice(0, this.look().most);
    }

    lay(chosen) {
      const wanted = new Set(chosen.map((t) => t.feed + '/' + t.id));
      for (const [id, label] of this.labels) {
        if (wanted.has(id)) continue;
        label.el.remove();
        label.line.remove();
        this.labels.delete(id);
      }
      for (const thing of chosen) {
        const id = thing.feed + '/' + thing.id;
        let label = this.labels.get(id);
        if (!label) {
          this.labels.set(id, (label = box(thing)));
          L.DomEvent.disableClickPropagation(label.el);
          label.el.addEventListener('click', () => this.onPress(label.thing));
          this.pane.append(label.el);
          this.svg.append(label.line);
        }
        fill(label, thing);
      }
      room.ages.render();                        // their times are text before they are measured
      const { scale } = this.look();
      const frame = this.map.getSize();
      const blocks = this.blocks(scale);
      const asked = chosen.map((thing) => {
        const label = this.labels.get(thing.feed + '/' + thing.id);
        const at = this.objects.pixel(thing);
        return {
          id: thing.feed + '/' + thing.id, x: at.x, y: at.y, r: (thing.strip?.radius || 20) * (thing.state === '1' ? 1.36 : 1.02),
          w: label.el.offsetWidth, h: label.el.offsetHeight, was: label.was,
        };
      });
      const places = room.arrange.place(asked, blocks, { w: frame.x, h: frame.y, pad: 8 * scale });
      const corner = this.map.containerPointToLayerPoint([0, 0]);
      places.forEach((place, i) => {
        const label = this.labels.get(asked[i].id);
        label.el.hidden = !place;
        if (!place) { label.line.setAttribute('visibility', 'hidden'); label.was = null; return; }
        label.was = place.side;
        L.DomUtil.setPosition(label.el, corner.add([Math.round(place.x), Math.round(place.y)]));
        this.draw(label.line, asked[i], place, corner);
      });
    }

    // What a label should not cover: incidents most, then units, then hotspots in trouble.
    blocks(scale) {
      const { upper, lower } = this.objects;
      const found = [];
      const frame = this.map.getSize();
      const add = (entry, cost) => {
        const at = this.objects.pixel(entry);
        const r = entry.strip.radius * 0.9;
        if (at.x < -r || at.y < -r || at.x > frame.x + r || at.y > frame.y + r) return;
        const incident = entry.symbol === 'incident';
        found.push({ x: at.x, y: at.y, r, cost: incident ? (entry.state < '3' ? 300 : 120) : cost, of: incident ? entry.feed + '/' + entry.id : null });
      };
      if (upper.length > 1500) for (const entry of upper) { if (entry.symbol === 'incident') add(entry, 200); } else for (const entry of upper) add(entry, 40);
      for (const entry of lower) add(entry, 12);
      void scale;
      return found;
    }

    draw(line, anchor, place, corner) {
      const tx = Math.max(place.x, Math.min(anchor.x, place.x + anchor.w)), ty = Math.max(place.y, Math.min(anchor.y, place.y + anchor.h));
      const d = Math.hypot(tx - anchor.x, ty - anchor.y);
      const from = Math.min(1, anchor.r / (d || 1));
      line.setAttribute('visibility', d > anchor.r + 2 ? 'visible' : 'hidden');
      const ends = { x1: anchor.x + (tx - anchor.x) * from, y1: anchor.y + (ty - anchor.y) * from, x2: tx, y2: ty };
      for (const [name, value] of Object.entries(ends)) line.setAttribute(name, (value + (name[0] === 'x' ? corner.x : corner.y)).toFixed(1));
    }

    show(visible) { this.pane.classList.toggle('room-hidden', !visible); }

    remove() { this.labels.clear(); this.pane.replaceChildren(); }
  };
})();
