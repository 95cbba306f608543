// Symbols drawn once and copied often: per (symbol, state) one small canvas with every direction in it,
// 64 for what turns. Copying at whole device pixels is what makes thousands of them affordable.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const TURNS = 64;
  const ACROSS = 8;
  const LINES = { s2: 's2l', s3: 's3l' };      // as lines these need more contrast on light grounds

  // What is drawn in each cell, as [x, y, width, height]: copying costs by the pixel, empty ones included.
  function trim(pen, cell, turns) {
    const boxes = new Int16Array(turns * 4);
    for (let k = 0; k < turns; k++) {
      const { data } = pen.getImageData((k % ACROSS) * cell, Math.floor(k / ACROSS) * cell, cell, cell);
      let left = cell, top = cell, right = 0, bottom = 0;
      for (let y = 0, at = 3; y < cell; y++) {
        for (let x = 0; x < cell; x++, at += 4) {
          if (data[at] < 8) continue;
          if (x < left) left = x;
          if (x > right) right = x;
          if (y < top) top = y;
          bottom = y;
        }
      }
      boxes.set([left, top, Math.max(1, right - left + 1), Math.max(1, bottom - top + 1)], k * 4);
    }
    return boxes;
  }

  // What a ring stands for, on its top: the nose of a unit, or the arc of a sender.
  function crest(pen, px, drives, colour, edge) {
    const r = px / 2;
    pen.lineJoin = pen.lineCap = 'round';
    for (const [ink, width] of [[edge, px * 0.11], [colour, px * 0.045]]) {
      pen.beginPath();
      pen.strokeStyle = pen.fillStyle = ink;
      if (drives) {
        pen.moveTo(-r * 0.3, -r * 0.92);
        pen.lineTo(0, -r * 1.2);
        pen.lineTo(r * 0.3, -r * 0.92);
        pen.closePath();
        pen.fill();
        pen.lineWidth = ink === edge ? width : 1;
      } else {
        pen.arc(0, 0, r * 1.14, -Math.PI / 2 - 0.5, -Math.PI / 2 + 0.5);
        pen.lineWidth = width * 1.6;
      }
      pen.stroke();
    }
  }

  class Atlas {
    // ink: colours by token; scale: page pixels for one pixel of a symbol's declared size; ratio: device
    // pixels for one of the page.
    constructor(ink, scale, ratio) {
      this.ink = ink;
      this.least = 20 * ratio;
      this.scale = scale * ratio;
      this.ratio = ratio;
      this.strips = new Map();
    }

    // {image, cell, half, turns}: cell k of a strip lies at (k % 8, k / 8) * cell.
    strip(symbol, state, size, token) {
      const key = symbol + '|' + state + '|' + size;
      let strip = this.strips.get(key);
      if (!strip) this.strips.set(key, (strip = this.make(symbol, state, size, token)));
      return strip;
    }

    make(symbol, state, size, token) {
      const px = Math.max(this.least, size * room.symbols.factor(symbol, state) * this.scale);
      const turns = room.symbols.turns(symbol) ? TURNS : 1;
      const cell = 2 * Math.ceil((px * 1.12) / 2) + 2;
      const image = document.createElement('canvas');
      image.width = cell * Math.min(turns, ACROSS);
      image.height = cell * Math.ceil(turns / ACROSS);
      const pen = image.getContext('2d', { willReadFrequently: true });
      for (let k = 0; k < turns; k++) {
        pen.save();
        pen.translate((k % ACROSS) * cell + cell / 2, Math.floor(k / ACROSS) * cell + cell / 2);
        room.symbols.draw(pen, symbol, state, (k * 360) / TURNS, px, this.ink, token);
        pen.restore();
      }
      return { image, cell, half: cell / 2, turns, px, radius: px / 2 / this.ratio, boxes: trim(pen, cell, turns) };
    }

    // The grey dot of what is quiet.
    dot() {
      let strip = this.strips.get('dot');
      if (!strip) {
        const r = 2 * this.scale;
        const cell = 2 * Math.ceil(r) + 2;
        const image = document.createElement('canvas');
        image.width = image.height = cell;
        const pen = image.getContext('2d', { willReadFrequently: true });
        pen.fillStyle = this.ink.t3;
        pen.arc(cell / 2, cell / 2, r, 0, 7);
        pen.fill();
        strip = { image, cell, half: cell / 2, turns: 1, px: 2 * r, radius: r / this.ratio, boxes: [0, 0, cell, cell] };
        this.strips.set('dot', strip);
      }
      return strip;
    }

    // A ring split by the members' states, with their number; a nose for what drives, arcs for what stands.
    // parts: [[colour token, count]].
    donut(parts, count, size, drives) {
      parts = parts.map(([token, n]) => [LINES[token] || token, n]);
      const key = 'o' + drives + size + '|' + count + '|' + parts.map((x) => x.join(':')).join(',');
      let strip = this.strips.get(key);
      if (strip) return strip;
      if (this.strips.size > 400) this.strips.clear();
      const px = size * (count > 99 ? 1.45 : count > 9 ? 1.3 : 1.18) * this.scale;
      const cell = 2 * Math.ceil(px * 0.62) + 4;
      const image = document.createElement('canvas');
      image.width = image.height = cell;
      const pen = image.getContext('2d', { willReadFrequently: true });
      const width = px * 0.15;
      const r = px / 2 - width / 2 - 1;
      pen.translate(cell / 2, cell / 2);
      pen.fillStyle = this.ink.bg0;
      pen.beginPath(); pen.arc(0, 0, px / 2 + 1, 0, 7); pen.fill();
      crest(pen, px, drives, this.ink[parts[0][0]] || this.ink.t2, this.ink.bg0);
      pen.fillStyle = this.ink.bg1;
      pen.beginPath(); pen.arc(0, 0, r, 0, 7); pen.fill();
      const gap = parts.length > 1 ? 0.16 : 0;
      let from = -Math.PI / 2;
      for (const [token, n] of parts) {
        const to = from + (2 * Math.PI * n) / count;
        pen.beginPath();
        pen.arc(0, 0, r, from + gap / 2, Math.max(from + gap / 2 + 0.02, to - gap / 2));
        pen.lineWidth = width;
        pen.strokeStyle = this.ink[token] || this.ink.t2;
        pen.setLineDash(token === 'unk' ? [width * 0.9, width * 0.6] : []);
        pen.stroke();
        from = to;
      }
      const text = count > 999 ? Math.floor(count / 1000) + 'k' : String(count);
      pen.fillStyle = this.ink.t1;
      pen.font = '700 ' + Math.round(px * (text.length > 2 ? 0.36 : 0.46)) + 'px "Room Sans", Inter, system-ui, sans-serif';
      pen.textAlign = 'center';
      pen.textBaseline = 'alphabetic';
      const box = pen.measureText(text);
      pen.fillText(text, 0, (box.actualBoundingBoxAscent - box.actualBoundingBoxDescent) / 2);
      strip = { image, cell, half: cell / 2, turns: 1, px, radius: px / 2 / this.ratio, boxes: [0, 0, cell, cell] };
      this.strips.set(key, strip);
      return strip;
    }
  }

  room.Atlas = Atlas;
  room.Atlas.TURNS = TURNS;
})();
