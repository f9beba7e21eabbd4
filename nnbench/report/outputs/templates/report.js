"use strict";
// Draws the charts of the data in the page, says the values under the pointer, and sorts the tables. No library, no network.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const NS = "http://www.w3.org/2000/svg";
  const WIDE = 560; // pixels from which names stand at the ends of lines and beside the rows

  function make(name, attributes = {}, parent = null, text = null) {
    const svg = parent instanceof SVGElement || name === "svg";
    const made = svg ? document.createElementNS(NS, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== null) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  function mark(parent, s, x, y, size, kind = "mark") {
    const at = `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${size})`;
    return make("path", { d: data.settings[s].marker, class: `${kind} s${s}`, transform: at, "vector-effect": "non-scaling-stroke" }, parent);
  }

  function drawSwatch(svg, s) { // a piece of the line of setting s, with its marker
    svg.setAttribute("viewBox", "0 0 32 13");
    make("line", { x1: 0, x2: 32, y1: 6.5, y2: 6.5, class: `line s${s}`, "stroke-dasharray": data.settings[s].dash }, svg);
    mark(svg, s, 16, 6.5, 8);
  }

  function swatch(parent, s) {
    const svg = make("svg", { class: "swatch", "aria-hidden": "true" });
    drawSwatch(svg, s);
    parent.append(svg);
  }

  function fixed(value, places) {
    return value === null ? "–" : value.toFixed(places).replace("-", "−");
  }

  function brief(name, letters) { // the middle of a long one is left out
    return name.length <= letters ? name : `${name.slice(0, Math.ceil(letters / 2) - 1)}…${name.slice(-Math.floor(letters / 2))}`;
  }

  function digits(value) { // three that count, of a loss or an accuracy
    if (value === null) return "–";
    const size = Math.abs(value);
    return size !== 0 && size < 0.001 ? value.toExponential(1).replace(/-/g, "−") : fixed(value, size < 0.1 ? 4 : 3);
  }

  // ---- tips

  function tip(chart) {
    const box = make("div", { class: "tip", role: "status" }, chart);
    box.hidden = true;
    return box;
  }

  function place(box, x, y, width) { // beside the point, on the side where there is room
    box.hidden = false;
    const room = box.offsetWidth;
    const left = x + 14 + room <= width ? x + 14 : x - 14 - room;
    box.style.left = `${Math.max(-8, Math.min(left, width - room + 8))}px`;
    box.style.top = `${y}px`;
  }

  function fill(box, head, rows) {
    box.replaceChildren();
    make("b", {}, box, head);
    const table = make("tbody", {}, make("table", {}, box));
    for (const [s, ...cells] of rows) {
      const row = make("tr", {}, table);
      if (s !== null) swatch(make("td", {}, row), s);
      cells.forEach((words, at) => make("td", at === 0 && s !== null ? { class: "name" } : {}, row, words));
    }
  }

  // ---- lines over epochs

  function ticks(low, high, log) {
    if (!log) return [0, 0.2, 0.4, 0.6, 0.8, 1].filter((at) => at >= low && at <= high);
    const found = [];
    const steps = Math.log10(high / low) < 2.5 ? [1, 2, 5] : [1];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
      for (const step of steps) if (step * 10 ** power >= low && step * 10 ** power <= high) found.push(Number(`${step}e${power}`));
    return found;
  }

  function lines(chart, spec, state) {
    const width = chart.clientWidth, wide = width >= WIDE, height = wide ? 330 : 250;
    if (!width) return; // not shown, as in print
    chart.replaceChildren();
    const on = spec.series.filter((one) => state.on.has(one.s));
    const named = wide && on.length <= 8 && on.every((one) => data.settings[one.s].name.length <= 20);
    const left = 46, right = width - (named ? 170 : 24), top = 16, bottom = height - 34;
    make("h3", {}, chart, spec.title);
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, height, tabindex: 0, role: "img",
      "aria-label": `${spec.title} over ${spec.unit}; arrow keys read its values` }, chart);
    const scale = spec.log ? Math.log : (value) => value;
    const clamp = (value) => Math.min(Math.max(value, spec.low), spec.high);
    const x = (epoch) => left + (right - left) * Math.log1p(epoch) / Math.log1p(Math.max(1, spec.last));
    const level = (value) => bottom - (bottom - top) * (scale(value) - scale(spec.low)) / (scale(spec.high) - scale(spec.low) || 1);
    const y = (value) => level(clamp(value));
    // A line leaves the panel where its values do, and is cut off there: held at the edge it would be a plateau that never was.
    const beyond = (value) => Math.min(Math.max(level(spec.log && value <= 0 ? spec.low / 1e6 : value), top - 2e4), bottom + 2e4);
    const path = (xs, ys) => xs.map((at, i) => ys[i] === null ? "" : `${x(at).toFixed(1)},${beyond(ys[i]).toFixed(1)}`).filter(Boolean).join(" ");
    const panel = `panel${chart.dataset.number}`;
    make("rect", { x: left, y: top, width: right - left, height: bottom - top }, make("clipPath", { id: panel }, svg));
    const inside = document.createElementNS(NS, "g");
    inside.setAttribute("clip-path", `url(#${panel})`);

    for (const at of ticks(spec.low, spec.high, spec.log)) {
      make("line", { x1: left, x2: right, y1: y(at), y2: y(at), class: "grid" }, svg);
      make("text", { x: left - 8, y: y(at) + 4, "text-anchor": "end" }, svg, spec.log ? String(at) : at.toFixed(1));
    }
    for (const at of [0, 1, 10, 100, 1000, 1e4, 1e5, 1e6].filter((epoch) => epoch <= spec.last)) {
      make("line", { x1: x(at), x2: x(at), y1: top, y2: bottom, class: "grid" }, svg);
      if (wide || at !== 1) make("text", { x: x(at), y: bottom + 16, "text-anchor": "middle" }, svg, at.toLocaleString("en"));
    }
    make("line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "axis" }, svg);
    make("text", { x: (left + right) / 2, y: height - 2, "text-anchor": "middle" }, svg, spec.unit);
    if (spec.chance) make("text", { x: right - 4, y: bottom - 5, "text-anchor": "end" }, svg, `chance ${spec.chance.toFixed(2)}`);
    const references = spec.references.filter((one) => one[1] >= spec.low && one[1] <= spec.high);
    references.forEach(([name, value], at) => {
      const close = at + 1 < references.length && y(value) - y(references[at + 1][1]) < 16; // its name would cover this one
      make("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: "reference" }, svg);
      make("text", { x: left + 4, y: y(value) + (close ? 14 : -4) }, svg, name);
    });

    svg.append(inside);
    for (const one of spec.series) if (!state.on.has(one.s)) make("polyline", { points: path(one.x, one.iqm), class: "back" }, inside);
    for (const one of on) if (one.n > 1)
      make("polygon", { points: `${path(one.x, one.low)} ${path([...one.x].reverse(), [...one.high].reverse())}`, class: `band s${one.s}` }, inside);
    for (const one of on)
      make("polyline", { points: path(one.x, one.iqm), class: `line s${one.s}`, "stroke-dasharray": data.settings[one.s].dash }, inside);
    for (const one of on) mark(svg, one.s, x(one.x.at(-1)), y(one.iqm.at(-1)), 9);
    for (const [s, epoch] of spec.lost) if (state.on.has(s))
      make("path", { d: `M${x(epoch) - 4},${top - 12}l8,8m0,-8l-8,8`, class: `cross s${s}` }, svg);
    if (named) ends(svg, on, right, y, top, bottom);

    const cursor = make("g", {}, svg), box = tip(chart);
    const epochs = [...new Set(on.flatMap((one) => one.x))].sort((a, b) => a - b);
    let at = -1;
    function show(index) {
      at = Math.min(Math.max(index, 0), epochs.length - 1);
      const epoch = epochs[at], rows = [];
      cursor.replaceChildren();
      make("line", { x1: x(epoch), x2: x(epoch), y1: top, y2: bottom, class: "cursor" }, cursor);
      for (const one of on) {
        const i = one.x.indexOf(epoch);
        if (i < 0 || one.iqm[i] === null) continue;
        mark(cursor, one.s, x(epoch), y(one.iqm[i]), 9);
        const band = one.n > 1 ? `${digits(one.low[i])} – ${digits(one.high[i])}` : "";
        rows.push([one.iqm[i], [one.s, data.settings[one.s].name, digits(one.iqm[i]), band]]);
      }
      fill(box, spec.unit === "epoch" ? `epoch ${epoch.toLocaleString("en")}` : `${epoch.toLocaleString("en")} ${spec.unit}`, rows.sort((a, b) => b[0] - a[0]).map(([, row]) => row));
      place(box, x(epoch), svg.offsetTop + top, width);
    }
    function hide() { box.hidden = true; cursor.replaceChildren(); at = -1; }
    follow(svg, (px) => {
      if (epochs.length) show(epochs.reduce((best, epoch, i) => Math.abs(x(epoch) - px) < Math.abs(x(epochs[best]) - px) ? i : best, 0));
    }, hide);
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step && epochs.length) { event.preventDefault(); show(at < 0 ? epochs.length - 1 : at + step); }
      if (event.key === "Escape") hide();
    });
  }

  function follow(svg, show, hide) { // the pointer, or a finger
    const move = (event) => { const box = svg.getBoundingClientRect(); show(event.clientX - box.left, event.clientY - box.top); };
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerdown", move);
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("blur", hide);
  }

  function ends(svg, on, right, y, top, bottom) { // names at the ends of lines, moved apart where they would overlap
    const gap = 16, placed = on.map((one) => ({ s: one.s, from: y(one.iqm.at(-1)), to: y(one.iqm.at(-1)) })).sort((a, b) => a.from - b.from);
    for (let i = 1; i < placed.length; i++) placed[i].to = Math.max(placed[i].to, placed[i - 1].to + gap);
    let floor = bottom + 4;
    for (let i = placed.length - 1; i >= 0; i--) { placed[i].to = Math.min(placed[i].to, floor); floor = placed[i].to - gap; }
    for (const one of placed) {
      make("path", { d: `M${right + 8},${one.from.toFixed(1)}L${right + 18},${one.to.toFixed(1)}`, class: `cross s${one.s}` }, svg);
      make("text", { x: right + 22, y: one.to + 4, class: `coloured s${one.s}` }, svg, data.settings[one.s].name);
    }
  }

  // ---- intervals, a row a setting

  function intervals(chart, spec) {
    const width = chart.clientWidth, wide = width >= WIDE;
    if (!width) return;
    chart.replaceChildren();
    const below = spec.rows.some((row) => row.diverged) ? 16 : 0, step = wide ? 38 : 54 + below;
    const names = spec.rows.map((row) => data.settings[row.s].name);
    const left = wide ? Math.min(230, 20 + 8 * Math.max(...names.map((name) => name.length))) : 6, right = width - (wide ? 175 : 6);
    const height = step * spec.rows.length + 42, bottom = height - 38;
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, height, tabindex: 0, role: "img",
      "aria-label": `${spec.name} of each setting; arrow keys read its values` }, chart);
    const all = spec.rows.flatMap((row) => [row.estimate, row.low, row.high, ...row.dots.map((dot) => dot[1])]).filter((value) => value !== null);
    if (spec.zero) all.push(0);
    const low = Math.min(...all), high = Math.max(...all), pad = (high - low || Math.abs(high) || 1) * 0.05;
    const x = (value) => left + (right - left) * (value - low + pad) / (high - low + 2 * pad);
    const size = 10 ** Math.floor(Math.log10((high - low + 2 * pad) / 4));
    const stride = [1, 2, 5, 10].map((n) => n * size).find((n) => (high - low + 2 * pad) / n <= (wide ? 7 : 4)) || size * 10;
    const places = Math.max(0, Math.ceil(-Math.log10(stride) - 1e-9));
    for (let at = Math.ceil((low - pad) / stride); at * stride <= high + pad; at++) {
      make("line", { x1: x(at * stride), x2: x(at * stride), y1: 0, y2: bottom, class: spec.zero && at === 0 ? "axis" : "grid" }, svg);
      make("text", { x: x(at * stride), y: bottom + 16, "text-anchor": "middle" }, svg, fixed(at * stride, places));
    }
    make("text", { x: (left + right) / 2, y: height - 3, "text-anchor": "middle" }, svg, spec.name);
    const grounds = spec.rows.map((row, i) => make("rect", { x: 0, y: i * step, width, height: step, class: "row", rx: 4 }, svg));
    svg.prepend(...grounds);
    spec.rows.forEach((row, i) => {
      const y = i * step + (wide ? step / 2 : step - 18);
      const letters = wide ? 26 : Math.max(8, Math.floor((width - 180) / 8.5));
      make("text", { x: 6, y: wide ? y + 4 : y - 16 - below, class: "strong" }, svg, brief(data.settings[row.s].short, letters));
      const told = { x: width - 6, y: wide ? y + 4 : y - 16 - below, "text-anchor": "end" };
      const value = make("text", told, svg);
      make("tspan", { style: "fill:var(--ink)" }, value, row.words);
      if (row.bounds) make("tspan", { dx: 8 }, value, row.bounds);
      if (row.diverged) make("text", { x: width - 6, y: wide ? y + 17 : y - 16, "text-anchor": "end" }, svg, row.diverged);
      for (const [, at] of row.dots) if (at !== null) make("circle", { cx: x(at), cy: y + 9, r: 3, class: `dot s${row.s}` }, svg);
      if (row.low !== null) make("line", { x1: x(row.low), x2: x(row.high), y1: y, y2: y, class: `bar s${row.s}` }, svg);
      if (row.estimate !== null) mark(svg, row.s, x(row.estimate), y, 12, row.behind ? "mark hollow" : "mark");
    });
    const box = tip(chart);
    let at = -1;
    function show(index, px = null) {
      at = Math.min(Math.max(index, 0), spec.rows.length - 1);
      const row = spec.rows[at];
      grounds.forEach((ground, i) => ground.classList.toggle("on", i === at));
      const near = px === null ? null : row.dots.filter((dot) => dot[1] !== null).reduce((best, dot) =>
        best === null || Math.abs(x(dot[1]) - px) < Math.abs(x(best[1]) - px) ? dot : best, null);
      const rows = [[null, `${row.words} ${row.bounds}`.trim(), `n = ${row.n}`]];
      if (row.diverged) rows.push([null, row.diverged]);
      if (near && Math.abs(x(near[1]) - px) < 12) rows.push([null, `seed ${near[0]}`, digits(near[1])]);
      fill(box, names[at], rows);
      place(box, px === null ? x(row.estimate ?? low) : px, (at + 1) * step - 2, width);
    }
    function hide() { box.hidden = true; at = -1; grounds.forEach((ground) => ground.classList.remove("on")); }
    follow(svg, (px, py) => (py < bottom ? show(Math.floor(py / step), px) : hide()), hide);
    svg.addEventListener("keydown", (event) => {
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (move) { event.preventDefault(); show(at + move); }
      if (event.key === "Escape") hide();
    });
  }

  // ---- legends: shared by the charts below them

  function legend(group, charts) {
    const specs = charts.map((chart) => data.lines[chart.dataset.number]);
    const state = { on: new Set(specs.flatMap((spec) => spec.shown)) };
    const draw = () => charts.forEach((chart, i) => lines(chart, specs[i], state));
    const order = [...new Set(specs.flatMap((spec) => spec.series.map((one) => one.s)))];
    for (const s of order.length > 1 ? order : []) {
      const button = make("button", { type: "button", "aria-pressed": state.on.has(s) }, group.querySelector(".legend"));
      swatch(button, s);
      make("span", {}, button, data.settings[s].name);
      button.addEventListener("click", () => {
        if (!state.on.delete(s)) state.on.add(s);
        button.setAttribute("aria-pressed", state.on.has(s));
        draw();
      });
    }
    return draw;
  }

  // ---- tables

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    const words = new Intl.Collator("en", { numeric: true });
    heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
      const first = head.dataset.first, other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first, sign = order === "ascending" ? 1 : -1;
      const key = (row) => { const cell = row.cells[column]; return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent; };
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => {
        if (typeof a === "string") return sign * words.compare(a, b);
        return Number.isNaN(a) - Number.isNaN(b) || sign * (a - b) || 0; // what has no value comes last, either way
      });
      for (const one of heads) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      body.append(...rows.map(([, row]) => row));
    }));
  }

  document.querySelectorAll("svg[data-setting]").forEach((svg) => drawSwatch(svg, svg.dataset.setting));
  document.querySelectorAll("table.sortable").forEach(sortable);
  const draws = [...document.querySelectorAll(".linked")].map((group) => legend(group, [...group.querySelectorAll(".chart")]));
  for (const chart of document.querySelectorAll(".chart[data-kind=intervals]")) draws.push(() => intervals(chart, data.intervals[chart.dataset.number]));
  const draw = () => draws.forEach((one) => one());
  let width = 0;
  new ResizeObserver(() => { if (document.body.clientWidth !== width) { width = document.body.clientWidth; draw(); } }).observe(document.body);
})();
