// In each part of the page's HTML: sends a click, a choice or a form as the event of its act, with the element's data.
// `window.acts` is the table of acts; an act that is not in it is sent too, and refused with an error.
const send = (name, data) => trigger(window.acts[name]?.event ?? 'click', { ...data, do: name });
element.addEventListener('click', (event) => {
  const from = event.target.closest('[data-do]');
  if (!from || from.tagName === 'FORM') return;
  const { copy, ...said } = from.dataset; // what is copied stays in the browser
  if (!said.confirm) send(said.do, said);
  else window.confirmed(said.confirm, said.yes).then((yes) => yes && send(said.do, said));
});
element.addEventListener('act', (event) => send(event.detail.do, event.detail)); // of a list that a script draws
element.addEventListener('change', (event) => {
  const from = event.target;
  if (!from.dataset.change) return;
  send(from.dataset.change, { value: from.value });
});
element.addEventListener('submit', (event) => {
  if (!event.target.dataset.do) return; // a form that the browser sends: signing out
  event.preventDefault();
  send(event.target.dataset.do, { ...event.target.dataset, ...Object.fromEntries(new FormData(event.target)) });
});
