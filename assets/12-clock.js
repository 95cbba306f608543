// The server's clock in the browser, and everything on the page that runs with it: ages
// (data-as-of, data-max-age), elapsed times (data-since), clock and date (data-zone).
(function () {
  'use strict';
  const room = (window.room = window.room || {});
  const LOCALES = { en: 'en-GB', id: 'id-ID', zh: 'zh-CN', jv: 'jv-ID' };
  const JUMP_MS = 2000;

  // --- the page's configuration --------------------------------------------------------------
  let read = { text: null, value: null };
  room.config = function () {
    const text = document.getElementById('room-config')?.dataset.config || null;
    if (text !== read.text) {
      let value = null;
      try { value = text && JSON.parse(text); } catch (error) { console.warn('room-config is no JSON', error); }
      read = { text, value };
    }
    return read.value || { words: {}, layers: [] };
  };

  // --- the server's clock --------------------------------------------------------------------
  // Kept against performance.now(), which no correction of this machine's clock moves. A frame's
  // time is at most too old, never too new: the estimate follows a lead at once and a lag slowly.
  let base = null;
  room.clock = {
    now: () => (base === null ? Date.now() : base + performance.now()),
    get known() { return base !== null; },
    sync(serverMs) {
      if (!Number.isFinite(serverMs) || serverMs <= 0) return;
      const sample = serverMs - performance.now();
      const gap = base === null ? Infinity : sample - base;
      if (Math.abs(gap) > JUMP_MS) base = sample;
      else base += gap > 0 ? gap * 0.5 : gap * 0.05;
    },
  };

  // --- what runs with it ---------------------------------------------------------------------
  const put = (el, text) => { if (el.textContent !== text) el.textContent = text; };
  const num = (text) => (text === undefined || text === '' ? null : Number(text));
  const moment = (text) => { const ms = text ? Date.parse(text) : NaN; return Number.isNaN(ms) ? null : ms; };

  function age(el, now, words) {
    const at = moment(el.dataset.asOf);
    const seconds = at === null ? null : (now - at) / 1000;
    const level = room.ages.level(seconds, num(el.dataset.maxAge));
    if (el.dataset.age !== level) el.dataset.age = level;
    if (!el.firstElementChild) return;
    const text = room.ages.text(seconds, words);
    for (const part of el.getElementsByClassName('age')) {
      if (part.closest('[data-as-of]') === el || part === el) put(part, text);
    }
  }

  function elapsed(el, now, words) {
    const since = moment(el.dataset.since);
    const out = el.querySelector('.elapsed') || (el.firstElementChild ? null : el);
    if (since === null) { if (out) put(out, ''); return; }
    const ended = moment(el.dataset.ended);
    const seconds = Math.max(0, ((ended === null ? now : ended) - since) / 1000);
    const form = el.dataset.style === 'clock' ? room.ages.elapsed : room.ages.text;
    if (out) put(out, form(seconds, words));
    const bar = el.querySelector('.bar > i');
    const target = num(el.dataset.targetS);
    if (bar) {
      const width = target > 0 ? Math.min(100, (100 * seconds) / target).toFixed(1) + '%' : '0%';
      if (bar.style.width !== width) bar.style.width = width;
    }
  }

  const formats = new Map();
  function format(lang, zone, kind) {
    const key = lang + '|' + zone + '|' + kind;
    if (!formats.has(key)) {
      const parts = kind === 'clock'
        ? { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }
        : { weekday: 'short', day: 'numeric', month: 'short' };
      const locale = LOCALES[lang] || lang || undefined;
      let made;
      try { made = new Intl.DateTimeFormat(locale, { ...parts, timeZone: zone || undefined }); } catch {
        made = new Intl.DateTimeFormat('en-GB', parts);    // an unknown language or zone must not stop the clock
      }
      formats.set(key, made);
    }
    return formats.get(key);
  }
  room.clock.text = function (ms, kind) {
    const config = room.config();
    const text = format(config.lang || document.documentElement.lang, config.zone, kind || 'clock').format(ms);
    return kind === 'date' ? text.replace(',', '') : text;
  };

  function guarded(work, el, ...rest) {
    try { work(el, ...rest); } catch (error) { console.warn('an age could not be drawn', error); }
  }

  room.ages.render = function () {
    const now = room.clock.now();
    const config = room.config();
    for (const el of document.querySelectorAll('[data-as-of]')) guarded(age, el, now, config.words);
    for (const el of document.querySelectorAll('[data-since]')) guarded(elapsed, el, now, config.words);
    const lang = config.lang || document.documentElement.lang;
    for (const el of document.querySelectorAll('.clock[data-zone]')) {
      guarded((e) => put(e, format(lang, e.dataset.zone, 'clock').format(now)), el);
    }
    for (const el of document.querySelectorAll('.date[data-zone]')) {
      guarded((e) => put(e, format(lang, e.dataset.zone, 'date').format(now).replace(',', '')), el);
    }
  };

  // After properties changed: once React has put them into the page.
  let soon = false;
  room.ages.renderSoon = function () {
    if (soon) return;
    soon = true;
    setTimeout(() => { soon = false; room.ages.render(); }, 0);
  };

  // On the second of the server's clock, so that all screens of a wall tick together.
  const listeners = new Set();
  room.clock.onTick = (listener) => { listeners.add(listener); return () => listeners.delete(listener); };
  function tick() {
    setTimeout(tick, 1000 - (room.clock.now() % 1000) + 4);
    room.ages.render();
    for (const listener of listeners) guarded(listener, null);
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', tick);
  else tick();
})();
