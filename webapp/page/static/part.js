// In each part of the page's HTML: a click, a choice or a form becomes the event of its act, with what the element says of
// itself. `window.acts` is the table of acts; one that it does not have is sent too, and refused with a sentence.
const tell = (name, said) => trigger(window.acts[name]?.event ?? 'click', { ...said, do: name });
element.addEventListener('click', (event) => {
  const from = event.target.closest('[data-do]');
  if (!from || from.tagName === 'FORM') return;
  if (!from.dataset.confirm || window.confirm(from.dataset.confirm)) tell(from.dataset.do, from.dataset);
});
element.addEventListener('change', (event) => {
  const from = event.target;
  if (!from.dataset.change) return;
  const boxes = [...element.querySelectorAll('input[type=checkbox]')];
  const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
  tell(from.dataset.change, { value: from.value, documents: chosen.length === boxes.length ? 'all' : chosen.join(' ') });
});
element.addEventListener('submit', (event) => {
  event.preventDefault();
  tell(event.target.dataset.do, { ...event.target.dataset, value: new FormData(event.target).get('value') });
});
