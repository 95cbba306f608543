// The city's own map: sea, land, villages, rivers, districts, roads, names, hospitals. Drawn on two
// canvases, below and above the tile pictures, and only when the view comes to rest.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const SMALL = 20_000;            // square pixels; a smaller district gets no name until one zooms in
  const loaded = new Map();        // address -> Promise of the prepared base map

  function ring(points) {
    const flat = new Float64Array(points.length * 2);
    points.forEach(([lon, lat], i) => { [flat[2 * i], flat[2 * i + 1]] = room.things.world(lat, lon); });
    return flat;
  }
  const rings = (of) => (of.rings || []).map(ring);
  const spot = (of) => room.things.world(of.lat, of.lon);

  function prepare(raw) {
    const list = (name) => (Array.isArray(raw[name]) ? raw[name] : []);
    return {
      land: list('land').map(ring),
      neighbours: list('neighbours').flatMap((n) => (Array.isArray(n) ? [ring(n)] : rings(n))),
      districts: list('districts').map((d) => ({ name: d.name, rings: rings(d), at: d.label && room.things.world(d.label[1], d.label[0]) })).map((d) => ({ ...d, area: area(d.rings) })),
      villages: list('villages').map(rings),
      roads: list('roads').map((r) => ({ kind: r.class, line: ring(r.line || []) })),
      rivers: list('rivers').map((r) => ring(r.line || [])),
      places: list('places').map((q) => ({ name: q.name, rank: q.rank, at: spot(q) })),
      hospitals: list('hospitals').map((h) => ({ name: h.name, at: spot(h) })),
      sea: list('sea').map((s) => ({ names: s.names || {}, at: spot(s) })),
    };
  }
  function load(address) {
    if (!loaded.has(address)) {
      const asked = fetch(address).then((answer) => {
        if (!answer.ok) throw new Error('base map: ' + answer.status);
        return answer.json();
      }).then(prepare);
      asked.catch(() => loaded.delete(address));           // next time it is asked again
      loaded.set(address, asked);
    }
    return loaded.get(address);
  }

  room.BaseLayer = class {
    constructor(map, address, look) {
      this.map = map;
      this.look = look;                                    // () => {ink, scale, k, lang, zoomNames}
      this.below = new room.CanvasPane(map, 'room-ground', 150);
      this.above = new room.CanvasPane(map, 'room-lines', 250);
      this.gone = false;
      this.data = null;
      this.labels = [];
      if (address) this.fetch(address, 500);
    }

    fetch(address, wait) {
      load(address).then((data) => {
        if (this.gone) return;
        this.data = data;
        this.draw();
        this.onLoad?.(edges(data.land));
      }, () => {
        if (!this.gone) this.timer = setTimeout(() => this.fetch(address, Math.min(10_000, wait * 2)), wait);
      });
    }

    follow(center, zoom) { this.below.follow(center, zoom); this.above.follow(center, zoom); }

    draw() {
      for (const pane of [this.below, this.above]) { pane.place(); pane.clear(); }
      room.map.stats.base += 1;
      if (!this.data) return;
      const { ink, scale, k } = this.look();
      const s = scale * this.below.ratio;
      this.ground(this.below, ink, s);
      this.lines(this.above, ink, s);
      this.facilities(this.above, ink, scale);
      this.names(this.above, ink, s, k);
    }

    trace(pane, flat, close) {
      const { pen, unit, ox, oy } = pane;
      for (let i = 0; i < flat.length; i += 2) {
        const x = flat[i] * unit - ox, y = flat[i + 1] * unit - oy;
        if (i) pen.lineTo(x, y); else pen.moveTo(x, y);
      }
      if (close) pen.closePath();
    }

    fill(pane, list, colour) {
      pane.pen.beginPath();
      for (const flat of list) this.trace(pane, flat, true);
      pane.pen.fillStyle = colour;
      pane.pen.fill('evenodd');
    }

    stroke(pane, list, colour, width, close) {
      const { pen } = pane;
      pen.beginPath();
      for (const flat of list) this.trace(pane, flat, close);
      pen.lineJoin = pen.lineCap = 'round';
      pen.strokeStyle = colour;
      pen.lineWidth = Math.max(1, width);
      pen.stroke();
    }

    ground(pane, ink, s) {
      const { pen, canvas } = pane;
      pen.fillStyle = ink.sea;
      pen.fillRect(0, 0, canvas.width, canvas.height);
      for (const flat of this.data.neighbours) this.fill(pane, [flat], ink.out);
      this.fill(pane, this.data.land, ink.land);
      for (const d of this.data.districts) this.fill(pane, d.rings, ink.land);
      this.stroke(pane, this.data.villages.flat(), ink.vill, 1.1 * s, true);
    }

    lines(pane, ink, s) {
      const grow = Math.max(1, Math.min(2.2, Math.pow(1.22, this.map.getZoom() - 12)));
      this.stroke(pane, this.data.rivers, ink.river, 3 * s * grow);
      this.stroke(pane, this.data.districts.flatMap((d) => d.rings), ink.bound, 1.7 * s, true);
      this.stroke(pane, this.data.land, ink.bound, 1.7 * s, true);
      const of = (...kinds) => this.data.roads.filter((r) => kinds.includes(r.kind)).map((r) => r.line);
      this.stroke(pane, of('second'), ink.road, 2 * s * grow);
      this.stroke(pane, of('main'), ink.road, 2.9 * s * grow);
      this.stroke(pane, of('toll'), ink.road2, 4.2 * s * grow);
    }

    // Hospitals are quiet landmarks: small, at 80 %, one for those that would lie on each other.
    facilities(pane, ink, scale) {
      const size = 25 * scale * pane.ratio;
      const seen = [];
      pane.pen.globalAlpha = 0.8;
      for (const h of this.data.hospitals) {
        const x = Math.round(h.at[0] * pane.unit - pane.ox), y = Math.round(h.at[1] * pane.unit - pane.oy);
        if (seen.some(([u, v]) => Math.abs(u - x) < size * 1.3 && Math.abs(v - y) < size * 1.3)) continue;
        seen.push([x, y]);
        pane.pen.save();
        pane.pen.translate(x, y);
        room.symbols.draw(pane.pen, 'hospital', '', 0, size, ink);
        pane.pen.restore();
      }
      pane.pen.globalAlpha = 1;
    }

    // Names that have room: districts first. Those of small central districts wait until one zooms in.
    names(pane, ink, s, k) {
      const { pen, unit, ox, oy } = pane;
      const lang = room.config().lang;
      const taken = [];
      const write = (name, at, px, weight, colour, italic) => {
        if (!name || !at) return;
        pen.font = (italic ? 'italic ' : '') + weight + ' ' + px.toFixed(1) + 'px "Room Sans", Inter, "Noto Sans SC", system-ui, sans-serif';
        const w = pen.measureText(name).width;
        const x = at[0] * unit - ox, y = at[1] * unit - oy;
        const box = [x - w / 2 - px * 0.3, y - px * 0.65, x + w / 2 + px * 0.3, y + px * 0.65];
        if (taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) return;
        taken.push(box);
        pen.textAlign = 'center';
        pen.textBaseline = 'middle';
        pen.lineJoin = 'round';
        pen.strokeStyle = italic ? ink.sea : ink.land;
        pen.lineWidth = px * 0.22;
        pen.strokeText(name, x, y);
        pen.fillStyle = colour;
        pen.fillText(name, x, y);
      };
      const big = 24 * k * s;
      for (const d of this.data.districts) if (d.area * unit * unit > SMALL * s * s) write(d.name, d.at, big, 500, ink.t3, false);
      for (const sea of this.data.sea) write(sea.names[lang] || sea.names.en || Object.values(sea.names)[0], sea.at, 26 * k * s, 400, ink.t3, true);
      const zoomed = this.map.getZoom() - this.look().fit;
      if (zoomed < 1) return;
      for (const q of this.data.places) if (q.rank <= 1 + zoomed) write(q.name, q.at, big * 0.85, 400, ink.t3, false);
    }

    remove() {
      this.gone = true;
      clearTimeout(this.timer);
      this.below.remove();
      this.above.remove();
    }
  };

  // [[south, west], [north, east]] of some rings, or null.
  function edges(list) {
    let [w, n, e, s] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const flat of list) {
      for (let i = 0; i < flat.length; i += 2) {
        w = Math.min(w, flat[i]); e = Math.max(e, flat[i]); n = Math.min(n, flat[i + 1]); s = Math.max(s, flat[i + 1]);
      }
    }
    return w < e ? [room.things.latLng(w, s), room.things.latLng(e, n)] : null;
  }

  // Area of rings, in units of the world's square.
  function area(list) {
    let sum = 0;
    for (const flat of list) {
      let part = 0;
      for (let i = 0, j = flat.length - 2; i < flat.length; j = i, i += 2) part += flat[j] * flat[i + 1] - flat[i] * flat[j + 1];
      sum += Math.abs(part) / 2;
    }
    return sum;
  }
})();
