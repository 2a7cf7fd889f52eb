"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const options = {
    sanitize: true, disableSearch: true, hideDownloadButtons: true, hideDownloadButton: true, nativeScrollbars: true,
    scrollYOffset: 48, expandResponses: "200,204", schemasExpansionLevel: "1", requiredPropsFirst: true, sortPropsAlphabetically: false,
    sortRequiredPropsFirst: true, jsonSampleExpandLevel: "all", generatedPayloadSamplesMaxDepth: 6,
    theme: { sidebar: { width: "330px" }, rightPanel: { width: "36%" } },
  };
  Redoc.init(read("document"), options, document.getElementById("reference"), () => {
    document.documentElement.dataset.ready = "true";
    if (location.hash) location.replace(location.href);
  });

  // Search by parts of words, in either language: every word of the query has to occur.
  const index = read("index").map((e) => ({ ...e, low: (e.title + " " + e.text).toLowerCase() }));
  const query = document.getElementById("query");
  const found = document.getElementById("found");
  const most = 40;

  // The viewer makes its own addresses, which end in that of the entry.
  const go = (to) => {
    for (const at of document.querySelectorAll("[data-section-id],[id]")) {
      const id = at.dataset.sectionId || at.id;
      if (id === to || id.endsWith("/" + to)) {
        location.hash = id;
        at.scrollIntoView();
        scrollBy(0, -48);
        break;
      }
    }
    found.replaceChildren();
  };
  const show = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    found.replaceChildren();
    if (words.length === 0) return;
    const rank = (e) => (words.every((w) => e.title.toLowerCase().includes(w)) ? 0 : 1);
    const hits = index.filter((e) => words.every((w) => e.low.includes(w))).sort((a, b) => rank(a) - rank(b));
    for (const e of hits.slice(0, most)) {
      const a = document.createElement("a");
      a.href = "#";
      a.textContent = e.title;
      const small = document.createElement("small");
      const at = Math.max(0, e.text.toLowerCase().indexOf(words[0]) - 40);
      small.textContent = (at > 0 ? "… " : "") + e.text.slice(at, at + 140);
      a.append(small);
      a.addEventListener("click", (event) => { event.preventDefault(); go(e.to); });
      found.append(a);
    }
    if (hits.length === 0 || hits.length > most) {
      const p = document.createElement("p");
      p.textContent = hits.length === 0 ? "没有结果 Nothing found" : `${hits.length - most} 个结果未显示 more`;
      found.append(p);
    }
  };
  query.addEventListener("input", show);
  query.addEventListener("keydown", (e) => {
    if (e.key === "Enter") found.querySelector("a")?.click();
    if (e.key === "Escape") found.replaceChildren();
  });
  addEventListener("keydown", (e) => {
    if (e.key === "/" && document.activeElement !== query) { e.preventDefault(); query.focus(); }
  });
})();
