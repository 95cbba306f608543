// Copies symbols into a picture of our own, pixel by pixel, and shows it with one call. Where drawing is
// done in software a drawImage costs 3 µs before its first pixel; here runs of opaque pixels are plain
// copies and only edges are blended: about a quarter of the time from some hundred symbols on.
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const OPAQUE = 250, CLEAR = 4;

  // A cell as runs of opaque pixels [y, x, from, to] into `px`, and single edge pixels [y, x, colour].
  function spans(strip, cell) {
    strip.spans = strip.spans || [];
    if (strip.spans[cell]) return strip.spans[cell];
    const size = strip.cell;
    const pen = strip.image.getContext('2d');
    const { data } = pen.getImageData((cell & 7) * size, (cell >> 3) * size, size, size);
    const src = new Uint32Array(data.buffer);
    const runs = [], px = [], edges = [], dots = [];
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const colour = src[y * size + x], alpha = colour >>> 24;
        if (alpha < CLEAR) continue;
        if (alpha < OPAQUE) { edges.push(y, x); dots.push(colour); continue; }
        const from = px.length, start = x;
        while (x < size && src[y * size + x] >>> 24 >= OPAQUE) px.push((src[y * size + x++] | 0xff000000) >>> 0);
        runs.push(y, start, from, px.length);
        x--;
      }
    }
    return (strip.spans[cell] = { runs: Int32Array.from(runs), px: Uint32Array.from(px), edges: Int32Array.from(edges), dots: Uint32Array.from(dots) });
  }

  // Colour `v` over `b`; both as ImageData has them, not multiplied by their alpha.
  function over(v, b) {
    const under = b >>> 24;
    if (under === 0) return v;
    const a = v >>> 24, rest = 255 - a;
    if (under === 255) {
      const rb = (((v & 0xff00ff) * a + (b & 0xff00ff) * rest) >>> 8) & 0xff00ff;
      const g = ((((v >>> 8) & 0xff) * a + ((b >>> 8) & 0xff) * rest) >>> 8) & 0xff;
      return (0xff000000 | rb | (g << 8)) >>> 0;
    }
    const part = (under * rest) / 255, all = a + part;
    const mix = (shift) => Math.round((((v >>> shift) & 0xff) * a + ((b >>> shift) & 0xff) * part) / all);
    return ((Math.round(all) << 24) | (mix(16) << 16) | (mix(8) << 8) | mix(0)) >>> 0;
  }

  room.Blitter = class {
    // Starts an empty picture of the size of the canvas.
    begin(width, height) {
      if (!this.image || this.width !== width || this.height !== height) {
        this.image = new ImageData(width, height);
        this.buffer = new Uint32Array(this.image.data.buffer);
        this.width = width;
        this.height = height;
      } else this.buffer.fill(0);
    }

    copy(strip, cell, x, y) {
      const { runs, px, edges, dots } = (strip.spans && strip.spans[cell]) || spans(strip, cell);
      const { buffer, width, height } = this;
      if (x < 0 || y < 0 || x + strip.cell > width || y + strip.cell > height) { this.clipped(runs, px, edges, dots, x, y); return; }
      const base = y * width + x;
      for (let i = 0; i < runs.length; i += 4) {
        let to = base + runs[i] * width + runs[i + 1];
        for (let from = runs[i + 2], end = runs[i + 3]; from < end; from++) buffer[to++] = px[from];
      }
      for (let i = 0, k = 0; k < dots.length; i += 2, k++) {
        const to = base + edges[i] * width + edges[i + 1];
        buffer[to] = over(dots[k], buffer[to]);
      }
    }

    clipped(runs, px, edges, dots, x, y) {
      const { buffer, width, height } = this;
      for (let i = 0; i < runs.length; i += 4) {
        const row = y + runs[i];
        if (row < 0 || row >= height) continue;
        for (let from = runs[i + 2], at = x + runs[i + 1]; from < runs[i + 3]; from++, at++) if (at >= 0 && at < width) buffer[row * width + at] = px[from];
      }
      for (let i = 0, k = 0; k < dots.length; i += 2, k++) {
        const row = y + edges[i], at = x + edges[i + 1];
        if (row >= 0 && row < height && at >= 0 && at < width) buffer[row * width + at] = over(dots[k], buffer[row * width + at]);
      }
    }

    show(pen) { pen.putImageData(this.image, 0, 0); }

    free() { this.image = this.buffer = null; }
  };
})();
