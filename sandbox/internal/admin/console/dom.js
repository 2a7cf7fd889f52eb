// Elements without a framework.

// h makes an element. Properties that start with on are listeners; text is
// always text, never markup: what is shown came from a network.
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "key") element.dataset.key = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

// fill replaces what a container holds, and keeps what the reader did to it:
// focus, opened details, half-typed fields and how far it was scrolled, each
// found again by its key.
export function fill(container, ...children) {
  const kept = new Map();
  for (const element of container.querySelectorAll("[data-key]")) {
    kept.set(element.dataset.key, {
      open: element.open, value: element.value, checked: element.checked, top: element.scrollTop, focus: element === document.activeElement,
    });
  }
  container.replaceChildren(...children.flat(3).filter(Boolean));
  for (const element of container.querySelectorAll("[data-key]")) {
    const was = kept.get(element.dataset.key);
    if (!was) continue;
    if (element.tagName === "DETAILS") element.open = was.open;
    if (["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName) && was.value !== undefined && !element.readOnly) {
      if (element.type === "checkbox") {
        if (!element.dataset.live) element.checked = was.checked;
      } else element.value = was.value;
    }
    if (was.top) element.scrollTop = was.top;
    if (was.focus) element.focus({ preventScroll: true });
  }
}

let hide;

// toast says in a line what went wrong, or right.
export function toast(message, good) {
  const box = document.getElementById("toast");
  box.textContent = message;
  box.dataset.good = good ? "yes" : "no";
  box.classList.add("shown");
  clearTimeout(hide);
  hide = setTimeout(() => box.classList.remove("shown"), good ? 2500 : 7000);
}

// attempt runs what a button does: once at a time, with its error shown.
export function attempt(button, action) {
  button.disabled = true;
  return Promise.resolve()
    .then(action)
    .catch((error) => toast(error.message))
    .finally(() => (button.disabled = false));
}

// soon joins calls that come close together.
export function soon(action, wait = 120) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, wait);
  };
}

// copyable is a line of code with a button to copy it.
export function copyable(text, label) {
  return h("div", { class: "copyable" }, h("pre", { tabindex: "0" }, text),
    h("button", {
      type: "button", class: "small",
      onclick: (event) => attempt(event.currentTarget, async () => {
        await navigator.clipboard.writeText(text);
        toast(label.done, true);
      }),
    }, label.copy));
}
