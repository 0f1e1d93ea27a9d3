"use strict";
// The page is whole without this: every span, number and reason stands in the markup. Here it
// learns to answer. Nothing is ever parsed: text is cloned or set as text, never as HTML.
(() => {
  const find = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  document.documentElement.classList.add("js");

  // ---- The reason of a span or bar, on hover and on focus ----

  const tip = byId("tip");
  let owner = null;
  let closing = 0;

  // Overlapping spans lie within each other: show the reason of each.
  const keysOf = (place) => {
    const keys = [];
    for (let at = place.closest("[data-n]"); at; at = at.parentElement.closest("[data-n]")) {
      if (at.matches("mark") || !keys.length) keys.push(at.dataset.n);
    }
    return keys;
  };
  const light = (keys, on) => {
    for (const key of keys) {
      for (const piece of find(`[data-n="${CSS.escape(key)}"]`)) piece.classList.toggle("lit", on);
      byId("u" + key)?.classList.toggle("lit", on);
    }
  };
  const close = () => {
    clearTimeout(closing);
    if (!owner) return;
    light(keysOf(owner), false);
    owner = null;
    tip.hidden = true;
  };
  const open = (place) => {
    clearTimeout(closing);
    if (owner === place) return;
    close();
    const keys = keysOf(place);
    const reasons = keys.map((key) => byId("t" + key)).filter(Boolean);
    if (!reasons.length) return;
    owner = place;
    light(keys, true);
    tip.replaceChildren(...reasons.map((reason) => {
      const copy = reason.cloneNode(true);
      copy.removeAttribute("id");
      copy.removeAttribute("role");
      return copy;
    }));
    tip.hidden = false;
    const box = place.getClientRects()[0] ?? place.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(box.left, width - tip.offsetWidth - 8));
    const below = box.bottom + 6 + tip.offsetHeight < innerHeight;
    const top = below || box.top < tip.offsetHeight + 8 ? box.bottom + 6 : box.top - tip.offsetHeight - 6;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${top + scrollY}px`;
  };
  const closeSoon = () => {
    clearTimeout(closing);
    closing = setTimeout(close, 200);
  };
  const target = (event) => (event.target instanceof Element ? event.target.closest("[data-n]") : null);

  document.addEventListener("mouseover", (event) => {
    const place = target(event);
    if (place) open(place);
    else if (tip.contains(event.target)) clearTimeout(closing);
    else closeSoon();
  });
  document.addEventListener("focusin", (event) => {
    const place = target(event);
    if (place) open(place);
    else close();
  });
  document.addEventListener("focusout", close);
  document.addEventListener("click", (event) => {
    const place = target(event);
    if (place && !place.matches("a")) open(place);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  // ---- Kinds, shown or not ----

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".legend button");
    if (!button) return;
    const shown = button.getAttribute("aria-pressed") === "true";
    const { slot } = button.dataset;
    for (const twin of find(`.legend button[data-slot="${CSS.escape(slot)}"]`)) {
      twin.setAttribute("aria-pressed", String(!shown));
    }
    document.body.classList.toggle("off" + slot, shown);
  });

  // ---- Sentences of a copy and of its original ----

  let linked = null;
  let bringing = 0;
  const follow = (event, at_once) => {
    const sentence = event.target instanceof Element ? event.target.closest("[data-link]") : null;
    const key = sentence?.dataset.link ?? null;
    if (key === linked && !at_once) return;
    clearTimeout(bringing);
    for (const lit of find("[data-link].lit")) lit.classList.remove("lit");
    linked = key;
    if (key === null) return;
    const pane = sentence.closest(".pane");
    const all = find(`[data-link="${CSS.escape(key)}"]`);
    for (const one of all) one.classList.add("lit");
    const other = all.find((one) => one.closest(".pane") !== pane);
    if (other) bringing = setTimeout(() => bring(other), at_once ? 0 : 250);
  };
  // Scrolls the pane alone, never the page.
  const bring = (sentence) => {
    const pane = sentence.closest(".pane");
    const inside = sentence.getBoundingClientRect();
    const outside = pane.getBoundingClientRect();
    if (inside.top >= outside.top && inside.bottom <= outside.bottom) return;
    pane.scrollTop += inside.top - outside.top - (outside.height - inside.height) / 3;
  };
  if (find("[data-link]").length) {
    document.addEventListener("mouseover", (event) => follow(event, false));
    document.addEventListener("focusin", (event) => follow(event, true));
    document.addEventListener("click", (event) => follow(event, true));
  }

  // ---- Tables ----

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  // What has no number comes last whichever way the table is sorted.
  const compare = (one, other, column, numeric, sign) => {
    const [a, b] = [one.cells[column], other.cells[column]];
    if (!numeric) return sign * collator.compare(a, b) || one.place - other.place;
    const [x, y] = [parseFloat(a.replace(/,/g, "")), parseFloat(b.replace(/,/g, ""))];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || one.place - other.place;
    // Rounded figures tie where the true ones did not: then the first order decides, or its reverse.
    return sign * (x - y) || -sign * (one.place - other.place);
  };
  const readRows = (table) => {
    const rows = [];
    for (const row of table.tBodies[0].rows) {
      if (row.classList.contains("d")) {
        rows[rows.length - 1].detail = row;
        continue;
      }
      // One kind of minus sign for numbers that are read back.
      const cells = [...row.cells].map((cell) => (cell.dataset.v ?? cell.textContent).trim().replace(/^\u2212/, "-"));
      rows.push({ row, cells, place: rows.length, detail: null, words: row.textContent.toLowerCase() });
    }
    return rows;
  };
  const makeSortable = (table, rows, show) => {
    table.tHead.addEventListener("click", (event) => {
      const head = event.target.closest("th");
      if (!head || !event.target.closest("button")) return;
      const numeric = head.classList.contains("n");
      const now = head.getAttribute("aria-sort");
      const next = now === "none" ? (numeric ? "descending" : "ascending") : now === "ascending" ? "descending" : "ascending";
      for (const cell of find("th[aria-sort]", table.tHead)) cell.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      rows.sort((one, other) => compare(one, other, head.cellIndex, numeric, sign));
      show();
    });
  };
  for (const table of find("table.sortable:not(.articles)")) {
    const rows = readRows(table);
    makeSortable(table, rows, () => table.tBodies[0].append(...rows.map(({ row }) => row)));
  }

  // ---- The table of articles: only so many rows are laid out at a time ----

  const articles = find("table.articles")[0];
  if (articles) {
    const STEP = 200;
    const rows = readRows(articles);
    const body = articles.tBodies[0];
    const more = byId("more");
    const count = byId("count");
    const filter = Object.fromEntries(["q", "label", "original", "flagged", "least", "most"]
      .map((id) => [id, byId(id)]).filter(([, input]) => input));
    const column = Object.fromEntries(find("th[data-c]", articles).map((head) => [head.dataset.c, head.cellIndex]));
    let limit = STEP;
    let shown = [];

    const bound = (input, otherwise) => (input.value === "" ? otherwise : Number(input.value));
    const matches = () => {
      const words = filter.q.value.toLowerCase().split(/\s+/).filter(Boolean);
      const [label, only, group] = [filter.label.value, filter.flagged.checked, filter.original?.value];
      const [least, most] = [bound(filter.least, 0), bound(filter.most, 1)];
      const everything = least <= 0 && most >= 1;
      return ({ row, cells, words: text }) => {
        const share = parseFloat(cells[column.probability]);
        return words.every((word) => text.includes(word))
          && (!label || cells[column.label] === label)
          && (!only || cells[column.flagged] === "flagged")
          && (!group || row.dataset.g === group)
          && (everything || (share >= least && share <= most));
      };
    };
    const show = () => {
      for (const { row, detail } of shown) {
        row.classList.remove("on");
        detail?.classList.remove("on");
      }
      const found = rows.filter(matches());
      shown = found.slice(0, limit);
      for (const { row, detail } of shown) {
        body.append(row);
        row.classList.add("on");
        if (detail) {
          body.append(detail);
          detail.classList.toggle("on", row.querySelector(".open").getAttribute("aria-expanded") === "true");
        }
      }
      const rest = found.length - shown.length;
      more.hidden = rest === 0;
      more.textContent = `Show ${Math.min(STEP, rest)} more`;
      const said = (number) => number.toLocaleString("en");
      count.textContent = `${said(found.length)} of ${said(rows.length)} articles match`
        + (rest ? `, the first ${said(shown.length)} are shown` : "");
    };
    const restart = () => {
      limit = STEP;
      show();
    };
    let typing = 0;
    for (const input of Object.values(filter)) {
      input.addEventListener("input", () => {
        clearTimeout(typing);
        typing = setTimeout(restart, 120);
      });
    }
    byId("clear").addEventListener("click", () => {
      for (const input of Object.values(filter)) input.type === "checkbox" ? (input.checked = false) : (input.value = "");
      restart();
    });
    more.addEventListener("click", () => {
      limit += STEP;
      show();
    });
    find(".choose").forEach((button) => button.addEventListener("click", () => {
      filter.original.value = button.dataset.g;
      restart();
      byId("articles").scrollIntoView();
    }));
    body.addEventListener("click", (event) => {
      const button = event.target.closest(".open");
      if (!button) return;
      const opened = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(opened));
      byId(button.getAttribute("aria-controls")).classList.toggle("on", opened);
    });
    makeSortable(articles, rows, show);
    show();
  }
})();
