// Draws `<canvas class="spark" data-series="4.2,4.1,,3.9" data-target="10">`: 72 steps of five minutes.
// A missing value is a gap and stays one; the dot marks the newest value and is missing where there is none.
// Redrawn only when its data, its tile's state or its size changes.
(function () {
  'use strict';
  const STEPS = 72;

  function parse(text) {
    return text ? text.split(',').map((v) => (v === '' ? null : Number(v))) : [];
  }

  function token(canvas, name, otherwise) {
    return getComputedStyle(canvas).getPropertyValue(name).trim() || otherwise;
  }

  function draw(canvas) {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (!width || !height) return;
    const tooNarrow = width < height * 0.9;      // a long figure left no room for a line
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const pen = canvas.getContext('2d');
    pen.clearRect(0, 0, width, height);
    const values = parse(canvas.dataset.series || '');
    const known = values.filter((v) => v !== null && Number.isFinite(v));
    if (!known.length || tooNarrow) return;

    const target = canvas.dataset.target ? Number(canvas.dataset.target) : null;
    let low = Math.min(...known);
    let high = Math.max(...known);
    // The target belongs into the picture unless it is so far off that the line would become flat.
    const span = high - low || Math.abs(high) * 0.1 || 1;
    const near = target !== null && target > low - 3 * span && target < high + 3 * span;
    if (near) { low = Math.min(low, target); high = Math.max(high, target); }
    if (high - low < 1e-9) { low -= span / 2; high += span / 2; }

    const unit = height / 46;                    // drawn for 82 x 46
    const pad = 6 * unit;
    const x = (i) => pad / 2 + (i / (STEPS - 1)) * (width - 1.5 * pad);
    const y = (v) => height - pad - ((v - low) / (high - low)) * (height - 2 * pad);
    const line = token(canvas, '--t2', '#b7c4ce');

    if (near) {
      pen.strokeStyle = line;
      pen.globalAlpha = 0.75;
      pen.lineWidth = 1.6 * unit;
      pen.setLineDash([5 * unit, 4 * unit]);
      pen.beginPath();
      pen.moveTo(0, Math.round(y(target)));
      pen.lineTo(width, Math.round(y(target)));
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 1;
    }

    pen.strokeStyle = token(canvas, '--t1', '#eef3f6');
    pen.lineWidth = 2.4 * unit;
    pen.lineJoin = pen.lineCap = 'round';
    pen.beginPath();
    let drawing = false;
    values.forEach((v, i) => {
      if (v === null || !Number.isFinite(v)) { drawing = false; return; }
      if (drawing) pen.lineTo(x(i), y(v));
      else { pen.moveTo(x(i), y(v)); pen.lineTo(x(i), y(v)); }
      drawing = true;
    });
    pen.stroke();

    const last = values.length - 1;
    if (last >= STEPS - 2 && values[last] !== null) {
      const tile = canvas.closest('[data-state]');
      const state = tile ? tile.dataset.state : '';
      const colour = { watch: '--s3', bad: '--s2', critical: '--s1' }[state] || '--t1';
      pen.fillStyle = token(canvas, colour, '#eef3f6');
      pen.beginPath();
      pen.arc(x(last), y(values[last]), 4 * unit, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  const waiting = new Set();
  function later(canvas) {
    if (!waiting.size) {
      requestAnimationFrame(() => {
        const batch = [...waiting];
        waiting.clear();
        batch.forEach((c) => c.isConnected && draw(c));
      });
    }
    waiting.add(canvas);
  }

  const sizes = new ResizeObserver((entries) => entries.forEach((e) => later(e.target)));
  const seen = new WeakSet();
  function adopt(root) {
    if (!root.querySelectorAll) return;
    const found = [...root.querySelectorAll('canvas.spark')];
    if (root.matches('canvas.spark')) found.push(root);
    found.forEach((canvas) => {
      if (!seen.has(canvas)) { seen.add(canvas); sizes.observe(canvas); }
      later(canvas);
    });
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === 'childList') change.addedNodes.forEach(adopt);
      else if (change.target.matches('canvas.spark')) later(change.target);
      else change.target.querySelectorAll('canvas.spark').forEach(later);
    }
  }).observe(document.documentElement, {
    subtree: true, childList: true, attributes: true,
    attributeFilter: ['data-series', 'data-target', 'data-state', 'data-theme'],
  });
  adopt(document.documentElement);
})();
