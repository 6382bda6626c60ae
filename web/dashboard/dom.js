// Small hands for the page. Text of users is only ever set as text.

/** The element with this id; it is in index.html. */
export const byId = (id) => document.getElementById(id);

/** A new element: el('p', {className: 'hint', dataset: {state: 'x'}}, 'text', child, null). */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { dataset = {}, attributes = {}, ...rest } = properties;
  Object.assign(element, rest);
  Object.assign(element.dataset, dataset);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

/** Set a text only when it differs, so that nothing is read out or drawn twice. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/**
 * Make `list` hold one child per item, in order, and keep the children whose key stays.
 * update(child, item) is called for every child; create(item) makes a new one.
 */
export function keep(list, items, { keyOf, create, update = () => {} }) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = old.get(key);
    if (child) {
      old.delete(key);
    } else {
      child = create(item);
      child.dataset.key = key;
    }
    update(child, item);
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      list.insertBefore(child, place);
    }
  }
  for (const child of old.values()) {
    child.remove();
  }
}
