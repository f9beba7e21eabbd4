"use strict";
// Plays what changes over steps or epochs: paths of optimizers, and decision boundaries. No library, no network.
// Nothing moves by itself: a button plays and pauses, a slider chooses the moment.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const NS = "http://www.w3.org/2000/svg";
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const SMOOTH = 6000, STILL = 1000, JUMPS = 12; // milliseconds of a whole play; of a moment with reduced motion, and how many moments

  function make(name, attributes = {}, parent = null, text = null) {
    const made = parent instanceof SVGElement || name === "svg" ? document.createElementNS(NS, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== null) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  // Controls below `box` for moments 0 to last; `show` draws one, `say` names it.
  function controls(box, title, last, show, say) {
    box.classList.add("player");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `${title}; space plays and pauses, arrow keys move the slider`);
    const bar = make("div", { class: "controls" }, box);
    const button = make("button", { type: "button" }, bar);
    const slider = make("input", { type: "range", min: 0, max: last, step: 1, value: last, "aria-label": title }, bar);
    const told = make("output", {}, bar);
    let playing = null, moment = last;

    function move(to) {
      moment = Math.min(Math.max(Math.round(to), 0), last);
      slider.value = moment;
      slider.setAttribute("aria-valuetext", say(moment));
      told.textContent = say(moment);
      show(moment);
    }
    function pause() {
      if (playing !== null) cancelAnimationFrame(playing);
      playing = null;
      button.textContent = "▶";
      button.setAttribute("aria-label", "Play");
    }
    function play() {
      const from = moment >= last ? 0 : moment;
      let began = null;
      button.textContent = "❚❚";
      button.setAttribute("aria-label", "Pause");
      function frame(now) {
        began ??= now;
        const size = Math.max(1, Math.ceil(last / JUMPS));
        const made = still.matches ? size * Math.floor((now - began) / STILL) : ((now - began) / SMOOTH) * last;
        const to = Math.min(Math.floor(from + made), last);
        if (to !== moment) move(to);
        if (to >= last) pause();
        else playing = requestAnimationFrame(frame);
      }
      move(from);
      playing = requestAnimationFrame(frame);
    }
    const toggle = () => (playing === null ? play() : pause());
    button.addEventListener("click", toggle);
    slider.addEventListener("input", () => { pause(); move(Number(slider.value)); });
    box.addEventListener("keydown", (event) => {
      if (event.key === " " && event.target.tagName !== "BUTTON") { event.preventDefault(); toggle(); }
    });
    dark.addEventListener("change", () => show(moment));
    pause();
    move(last);
    return () => show(moment);
  }

  // ---- paths of optimizers on functions of two variables

  function paths(box, spec) {
    const names = make("div", { class: "legend" }, box), panels = make("div", { class: "panels" }, box);
    const lines = [];
    spec.functions.forEach((one, at) => {
      const figure = make("figure", {}, panels);
      make("figcaption", {}, figure, one.name);
      const svg = make("svg", { viewBox: "0 0 100 100", role: "img", "aria-label": `Paths on the function ${one.name}` }, figure);
      make("path", { d: one.contours, class: "contour" }, svg);
      spec.optimizers.forEach((optimizer, number) => {
        const points = optimizer.points[at].split(" ");
        const group = make("g", { style: `--c:${optimizer.colour}` }, svg);
        const line = make("polyline", { class: "path" }, group), head = make("circle", { r: 1.6, class: "head" }, group);
        lines.push({ number, points, group, line, head });
      });
      const [x, y] = one.minimum, [startX, startY] = spec.optimizers[0].points[at].split(" ")[0].split(",");
      make("path", { d: `M${x - 1.8},${y - 1.8}l3.6,3.6m0,-3.6l-3.6,3.6`, class: "goal" }, svg);
      make("circle", { cx: startX, cy: startY, r: 1.8, class: "start" }, svg);
    });
    spec.optimizers.forEach((optimizer, number) => {
      const button = make("button", { type: "button", "aria-pressed": "true" }, names);
      make("i", { style: `background:${optimizer.colour}` }, button);
      const rates = optimizer.rates.filter((rate) => rate !== null);
      make("span", {}, button, rates.length ? `${optimizer.name} (rates ${rates.join(", ")})` : optimizer.name);
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", on);
        for (const one of lines) if (one.number === number) one.group.toggleAttribute("hidden", !on);
      });
    });
    controls(box, "Paths over the steps", spec.steps, (step) => {
      for (const one of lines) {
        const shown = one.points.slice(0, step + 1), [x, y] = shown.at(-1).split(",");
        one.line.setAttribute("points", shown.join(" "));
        one.head.setAttribute("cx", x);
        one.head.setAttribute("cy", y);
      }
    }, (step) => `step ${step}`);
  }

  // ---- decision boundaries over the epochs

  function boundaries(box, spec) {
    const panels = make("div", { class: "panels" }, box);
    const drawn = spec.panels.map((panel) => {
      const figure = make("figure", {}, panels);
      const caption = make("figcaption", {}, figure);
      make("i", { style: `background:${panel.colour}` }, caption);
      make("span", {}, caption, panel.name);
      const loss = make("small", {}, caption);
      const canvas = make("canvas", { role: "img", "aria-label": `Decision boundary of ${panel.name}` }, figure);
      const sprite = make("img", { src: panel.sprite });
      return { panel, canvas, sprite, loss };
    });
    function show(moment) {
      const rim = getComputedStyle(document.documentElement).getPropertyValue("--paper").trim() || "#fff";
      for (const { panel, canvas, sprite, loss } of drawn) {
        const reached = panel.epochs.filter((epoch) => epoch <= spec.epochs[moment]).length - 1; // a run may have ended before
        const at = Math.max(reached, 0), size = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
        if (canvas.width !== size) canvas.width = canvas.height = size;
        canvas.dataset.frame = at;
        loss.textContent = panel.losses[at] === null ? "" : `loss ${panel.losses[at]}`;
        const pen = canvas.getContext("2d");
        pen.clearRect(0, 0, size, size);
        if (!sprite.complete || !size) continue;
        pen.drawImage(sprite, 0, at * panel.cells, panel.cells, panel.cells, 0, 0, size, size);
        pen.lineWidth = size / 300;
        for (const [x, y, label] of panel.points) {
          pen.beginPath();
          pen.arc(x * size, y * size, size / 110, 0, 7);
          pen.fillStyle = panel.shades[label];
          pen.fill();
          pen.strokeStyle = rim;
          pen.stroke();
        }
      }
    }
    const redraw = controls(box, "Decision boundaries over the epochs", spec.epochs.length - 1, show,
      (moment) => `epoch ${spec.epochs[moment].toLocaleString("en")}`);
    for (const { sprite } of drawn) sprite.addEventListener("load", redraw);
    new ResizeObserver(() => requestAnimationFrame(redraw)).observe(panels);
  }

  const kinds = { paths, boundaries };
  for (const [kind, play] of Object.entries(kinds)) {
    for (const box of document.querySelectorAll(`.chart[data-kind=${kind}]`)) play(box, data[kind][box.dataset.number]);
  }
})();
