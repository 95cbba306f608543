// The map's symbols as vector paths in a box of 32: the body says what it is, the sign inside what it
// does. Hollow is free, filled is busy, dashed cannot be counted on. Digits are paths, so that no font
// has to be there. Everything is drawn around (0, 0).
(function () {
  'use strict';
  const room = (window.room = window.room || {});

  // --- colours: tokens of the style sheet, with the dark theme where one is missing ----------------
  const DARK = {
    bg0: '#0c1218', bg1: '#141d25', t1: '#eef3f6', t2: '#b7c4ce', t3: '#8e9fac', line: '#2a3742',
    sea: '#0a141b', out: '#10181f', land: '#1b262f', bound: '#41525f', vill: '#26333d',
    road: '#3b4c59', road2: '#4a5d6b', river: '#17394a', facility: '#8e9fac',
    free: '#8cc4dd', busy: '#f2f6f8', rest: '#8ea0ad', sel: '#62b8ff', unk: '#b890ff', unki: '#c9abff',
    s1: '#e8352b', s2: '#ff9838', s3: '#f2ce3e', s2l: '#ff9838', s3l: '#f2ce3e',
    k2: '#0c1218', k3: '#0c1218', 'on-s1': '#ffffff', 'on-warm': '#1a0f05', rail: '#33424e',
  };
  function colours(el) {
    const style = getComputedStyle(el);
    const found = {};
    for (const name of Object.keys(DARK)) {
      const value = style.getPropertyValue('--' + name).trim();
      found[name] = value && value !== 'transparent' ? value : DARK[name];
    }
    return found;
  }

  // --- bodies --------------------------------------------------------------------------------------
  const p = (text) => new Path2D(text);
  const CAR = p('M0-15.6 5-10.2H7.6A4 4 0 0 1 11.6-6.2V9.2A4 4 0 0 1 7.6 13.2H-7.6A4 4 0 0 1-11.6 9.2V-6.2A4 4 0 0 1-7.6-10.2H-5Z');
  const MOTORCYCLE = p('M0-15.8 4-10.2 3.3-8.2A9.6 9.6 0 0 1 3.4 8.7V11.8A3.4 3.4 0 0 1-3.4 11.8V8.7A9.6 9.6 0 0 1-3.3-8.2L-4-10.2Z');
  const BODIES = {
    'unit-car': { path: CAR, sign: [0, 1.6], scale: 1 },
    'unit-motorcycle': { path: MOTORCYCLE, sign: [0, 0.3], scale: 0.84 },
  };

  // --- signs inside a body; `ink` is their colour ---------------------------------------------------
  const CHEVRONS = p('M-5.4 1.3 0-4.2 5.4 1.3M-5.4 7 0 1.5 5.4 7');
  const CROSS = p('M0-6.2V6.2M-6.2 0H6.2');
  const LETTER_H = p('M-4.2-5.8V5.8M4.2-5.8V5.8M-4.2 0H4.2');
  const LETTER_X = p('M-4.4-4.4 4.4 4.4M4.4-4.4-4.4 4.4');
  const QUESTION = p('M-3.5-2.9A3.5 3.5 0 1 1 1 .7C.2 1.2 0 1.6 0 2.7');
  const disc = (pen, x, y, r) => { pen.beginPath(); pen.arc(x, y, r, 0, 7); pen.fill(); };
  const ring = (pen, r, w) => { pen.beginPath(); pen.arc(0, 0, r, 0, 7); pen.lineWidth = w; pen.stroke(); };
  function stroke(pen, path, width, round) {
    pen.lineWidth = width;
    pen.lineCap = round ? 'round' : 'butt';
    pen.lineJoin = round ? 'round' : 'miter';
    pen.stroke(path);
  }
  const SIGNS = {
    dispatched: (pen) => disc(pen, 0, 0, 4.1),
    en_route: (pen) => stroke(pen, CHEVRONS, 2.9, true),
    on_scene: (pen) => { ring(pen, 5.5, 2.8); disc(pen, 0, 0, 2); },
    transporting: (pen) => stroke(pen, CROSS, 4.4),
    at_hospital: (pen) => stroke(pen, LETTER_H, 3.1),
    out_of_service: (pen) => stroke(pen, LETTER_X, 2.8, true),
    stale: (pen) => { stroke(pen, QUESTION, 2.5, true); disc(pen, 0, 6, 1.7); },
  };
  // how each status is drawn: line and its dash, filled or hollow, colour token
  const LOOKS = {
    available: { colour: 'free', line: 3 },
    dispatched: { colour: 'busy', line: 3 },
    en_route: { colour: 'busy', full: true },
    on_scene: { colour: 'busy', full: true },
    transporting: { colour: 'busy', full: true },
    at_hospital: { colour: 'rest', full: true },
    out_of_service: { colour: 'rest', line: 2.2, dash: [3.3, 2.8] },
    stale: { colour: 'unk', line: 2.6, dash: [3.6, 2.6] },
  };

  function unit(pen, name, state, heading, ink) {
    const body = BODIES[name] || BODIES['unit-car'];
    const look = LOOKS[state] || LOOKS.stale;
    const turn = ((heading || 0) * Math.PI) / 180;
    pen.save();
    pen.rotate(turn);
    pen.lineJoin = 'round';
    if (look.full) {
      pen.lineWidth = 3.2;                      // half of it lies outside the body and sets it off
      pen.strokeStyle = ink.bg0;
      pen.stroke(body.path);
      pen.fillStyle = ink[look.colour];
      pen.fill(body.path);
    } else {
      pen.fillStyle = ink.bg1;
      pen.strokeStyle = ink.bg0;
      pen.lineWidth = look.line + 2.4;
      if (!look.dash) pen.stroke(body.path);
      pen.fill(body.path);
      pen.setLineDash(look.dash || []);
      pen.lineWidth = look.line;
      pen.strokeStyle = ink[look.colour];
      pen.stroke(body.path);
    }
    pen.restore();
    const sign = SIGNS[LOOKS[state] ? state : 'stale'];
    if (!sign) return;
    const [x, y] = body.sign;
    pen.save();
    pen.translate(x * Math.cos(turn) - y * Math.sin(turn), x * Math.sin(turn) + y * Math.cos(turn));
    pen.scale(body.scale, body.scale);
    pen.fillStyle = pen.strokeStyle = look.full ? ink.bg1 : ink[look.colour];
    sign(pen);
    pen.restore();
  }

  // --- incidents: the shape and the digit both say the severity --------------------------------------
  const DIGITS = {
    1: p('M-.700-6.500H2.700V6.600H-.900V-3.100L-3.900-1.300V-4.500Z'),
    2: p('M-3.9-2.7A3.95 3.95 0 0 1 3.9-2.6C3.9-.2 1.4 1.6-3.5 5.4H4.4'),
    3: p('M-3.6-5.5H3.4L-.3-1.3A3.6 3.6 0 1 1-3.9 3.7'),
    4: p('M1.9 6.4V-5.6L-4.6 2.9H4.6'),
  };
  const OCTAGON = p('M-6-14.5H6L14.500-6V6L6 14.500H-6L-14.500 6V-6Z');
  const TRIANGLE = p('M0-14 15 12.600H-15Z');
  const DIAMOND = p('M0-14.600 14.600 0 0 14.600-14.600 0Z');
  const INCIDENTS = {
    1: { path: OCTAGON, fill: 's1', edge: 'on-s1', width: 2.2, digit: 'on-s1', at: [-0.2, 0], scale: 1.12, weight: 3.5 },
    2: { path: TRIANGLE, fill: 's2', edge: 'k2', width: 1.8, digit: 'on-warm', at: [0, 4.6], scale: 0.92, weight: 3.1 },
    3: { path: DIAMOND, fill: 's3', edge: 'k3', width: 1.8, digit: 'on-warm', at: [0, 0.3], scale: 0.88, weight: 3.1 },
    4: { fill: 'bg1', edge: 't2', width: 2.8, digit: 't2', at: [-0.2, 0], scale: 0.82, weight: 2.9 },
  };
  function incident(pen, state, ink) {
    const look = INCIDENTS[state] || INCIDENTS[4];
    const path = look.path || p('M12 0A12 12 0 1 1-12 0A12 12 0 1 1 12 0Z');
    pen.lineJoin = 'round';
    if (state === '1' || state === '4') {       // set off from whatever lies beneath
      pen.strokeStyle = ink.bg0;
      pen.lineWidth = look.width + 2.4;
      pen.stroke(path);
    }
    pen.fillStyle = ink[look.fill];
    pen.strokeStyle = ink[look.edge];
    pen.lineWidth = look.width;
    if (look.edge[0] === 'k') { pen.lineWidth *= 2; pen.stroke(path); pen.fill(path); } else { pen.fill(path); pen.stroke(path); }
    pen.translate(look.at[0], look.at[1]);
    pen.scale(look.scale, look.scale);
    pen.strokeStyle = ink[look.digit];
    pen.lineWidth = look.weight;
    pen.lineCap = 'butt';
    pen.lineJoin = 'miter';
    if (state === '1') { pen.fillStyle = ink[look.digit]; pen.fill(DIGITS[1]); } else pen.stroke(DIGITS[state] || DIGITS[4]);
  }

  // --- hotspots: fewer arcs, then a slash ------------------------------------------------------------
  const ARC_FAR = p('M-12.800-3.700A18 18 0 0 1 12.800-3.700');
  const ARC_NEAR = p('M-8.100 1A11.500 11.500 0 0 1 8.100 1');
  const SLASH = p('M-10.800 11.800 10.800-10.800');
  const HOTSPOTS = { up: 't3', degraded: 's3l', down: 's2l', stale: 'unk' };
  function hotspot(pen, state, ink) {
    const known = HOTSPOTS[state] ? state : 'stale';
    const colour = ink[HOTSPOTS[known]];
    pen.strokeStyle = ink.bg0;                   // a dark rim, readable on roads and lines
    if (known !== 'stale') { stroke(pen, ARC_FAR, 6, true); stroke(pen, ARC_NEAR, 6, true); }
    pen.fillStyle = ink.bg0;
    disc(pen, 0, 9, 4.6);
    if (known === 'stale') pen.setLineDash([2.6, 2.4]);
    pen.strokeStyle = known === 'degraded' ? ink.rail : colour;
    stroke(pen, ARC_FAR, 3.1, known !== 'stale');
    pen.strokeStyle = colour;
    stroke(pen, ARC_NEAR, 3.1, known !== 'stale');
    pen.setLineDash([]);
    pen.fillStyle = colour;
    disc(pen, 0, 9, 3.2);
    if (known === 'down') {
      pen.strokeStyle = ink.bg0;
      stroke(pen, SLASH, 7.4);
      pen.strokeStyle = colour;
      stroke(pen, SLASH, 3.8, true);
    }
  }

  // --- a hospital without data: a quiet landmark -----------------------------------------------------
  const BED = p('M-9 6.500H9V9.800H-9Z');
  function hospital(pen, ink) {
    pen.fillStyle = ink.bg1;
    pen.strokeStyle = ink.facility;
    pen.lineWidth = 2.4;
    pen.beginPath();
    pen.roundRect(-13, -13, 26, 26, 3);
    pen.fill();
    pen.stroke();
    pen.save();
    pen.translate(0, -2.6);
    pen.strokeStyle = ink.facility;
    pen.lineWidth = 3.1;
    pen.stroke(LETTER_H);
    pen.restore();
    pen.fillStyle = ink.rail;
    pen.fill(BED);
  }

  // --- anything else that a feed may bring: a disc in its state's colour -------------------------------
  function other(pen, state, ink, token) {
    const stale = state === 'stale';
    pen.fillStyle = ink.bg1;
    pen.strokeStyle = stale ? ink.unk : ink[token] || ink.t2;
    pen.setLineDash(stale ? [3.6, 2.6] : []);
    pen.beginPath();
    pen.arc(0, 0, 11, 0, 7);
    pen.fill();
    pen.lineWidth = 3;
    pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = pen.strokeStyle;
    if (stale) SIGNS.stale(pen); else disc(pen, 0, 0, 4);
  }

  // One symbol around (0, 0), `size` pixels for its box of 32. state `stale`: not known any more.
  function draw(pen, symbol, state, heading, size, ink, token) {
    pen.save();
    pen.scale(size / 32, size / 32);
    if (symbol.startsWith('unit-')) unit(pen, symbol, state, heading, ink);
    else if (symbol === 'incident') incident(pen, state, ink);
    else if (symbol === 'hotspot') hotspot(pen, state, ink);
    else if (symbol === 'hospital') hospital(pen, ink);
    else other(pen, state, ink, token);
    pen.restore();
  }

  // Sizes against a unit's 34: what is more urgent is larger.
  const FACTORS = { 1: 50 / 34, 2: 46 / 34, 3: 40 / 34, 4: 1 };
  function factor(symbol, state) {
    if (symbol === 'incident') return FACTORS[state] || 1;
    if (symbol === 'unit-motorcycle') return 36 / 34;
    return symbol === 'hotspot' && state === 'down' ? 38 / 34 : 1;
  }

  room.symbols = { draw, factor, colours, turns: (symbol) => symbol.startsWith('unit-') };
})();
