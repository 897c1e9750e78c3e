// What the pages' scripts make elements with.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function button(label, click) {
  const made = element("button", { type: "button" }, label);
  made.addEventListener("click", click);
  return made;
}
