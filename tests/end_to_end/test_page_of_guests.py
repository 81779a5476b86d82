"""Two browsers in the demo: neither sees, finds, fetches or guesses anything of the other's."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.pdfs import make_pdf
from tests.webapp.browser import ask, needs_chromium, upload
from tests.webapp.commands import Pincite
from tests.webapp.embeddings import embeddings
from tests.webapp.fake_engine import FakeEngine, Reply

pytestmark = needs_chromium


# Asks every handler of the page, as its own user, for what is in another's session; then listens to that session.
PRY = """async ({ session, acts }) => {
  const { dependencies } = await (await fetch('/config')).json();
  for (const { id, inputs } of dependencies) for (const event_data of acts) {
    const data = inputs.map((_, index) => (index ? 'What is secret?' : null));
    const body = JSON.stringify({ data, event_data, fn_index: id, session_hash: session, trigger_id: null });
    await fetch('/gradio_api/queue/join', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }
  const heard = await fetch('/gradio_api/queue/data?session_hash=' + session);
  return [dependencies.length, heard.status, heard.status === 200 ? '' : await heard.text()];
}"""
# The same in a session of one's own, with the other's ids: what comes back until nothing more does. All are sent before
# one listens: a stream ends when what has been sent so far is done.
TRY = """async ({ acts }) => {
  const { dependencies } = await (await fetch('/config')).json();
  const session = 'mine' + Math.random().toString(36).slice(2);
  for (const { id, inputs } of dependencies) if (inputs.length === 1) for (const event_data of acts) {
    const body = JSON.stringify({ data: [null], event_data, fn_index: id, session_hash: session, trigger_id: null });
    await fetch('/gradio_api/queue/join', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }
  const reader = (await fetch('/gradio_api/queue/data?session_hash=' + session)).body.getReader();
  let heard = '', next = reader.read();
  const end = Date.now() + 60000;
  while (Date.now() < end) {
    const quiet = new Promise((done) => setTimeout(done, 2500));
    const got = await Promise.race([next, quiet]);
    if (got?.done || (!got && heard.includes('process_completed'))) break;
    if (!got) continue;
    heard += new TextDecoder().decode(got.value);
    next = reader.read();
  }
  return heard;
}"""


def test_in_the_demo_nobody_sees_or_guesses_what_is_anothers(
    browser: Browser, engine: FakeEngine, tmp_path: Path
) -> None:
    secret = "The secret fee is $77,777"
    with embeddings() as url:
        settings = {"PINCITE_EMBEDDINGS_URL": url, "PINCITE_LLM_URL": engine.url, "PINCITE_ACCESS": "demo"}
        with Pincite(tmp_path, settings).serving() as server:
            server.wait_until_ready()
            assert "token" not in server.address
            assert server.ask("GET", "/metrics").status_code == 404
            theirs, mine = browser.new_context(), browser.new_context()
            page, sessions = theirs.new_page(), set[str]()
            page.on("request", lambda r: sessions.update(re.findall(r"queue/data\?.*session_hash=(\w+)", r.url)))
            page.goto(server.address)
            expect(page.locator(".documents [data-state=ready]")).to_have_count(1)
            upload(page, ("secret.pdf", make_pdf([f"1. Fee. {secret}, payable at once."])))
            expect(page.locator(".documents [data-state=ready]")).to_have_count(2)
            engine.enqueue(Reply([f"It is “{secret}”."]))
            ask(page, "What is the secret fee?")
            expect(page.locator(".chip").first).to_contain_text("word for word")
            turn = page.locator(".chip").first.get_attribute("data-turn")
            here = page.locator("#here")
            matter, conversation = here.get_attribute("data-matter"), here.get_attribute("data-conversation")
            document = page.locator(".documents [data-name='secret.pdf']").get_attribute("data-key")

            other = mine.new_page()
            other.goto(page.url)  # with the other's ids in the address
            expect(other.locator(".documents [data-state=ready]")).to_have_count(1)
            expect(other.locator(".scope")).to_contain_text("Sample – 1 of 1")
            assert "secret" not in other.content()
            acts = [
                {"do": "open", "conversation": conversation},
                {"do": "matter", "value": matter},
                {"do": "cite", "turn": turn, "item": "0"},
                {"do": "edit", "turn": turn},
                {"do": "rate", "turn": turn, "rating": "1"},
                {"do": "again", "turn": turn},
                {"do": "remove", "document": document},
                {"do": "delete", "conversation": conversation},
                {"do": "delete-matter", "matter": matter},
            ]
            (session,) = sessions
            handlers, status, words = other.evaluate(PRY, {"session": session, "acts": acts[:1]})
            assert (handlers > 10, status, words) == (True, 403, "This page belongs to someone else.")
            heard = other.evaluate(TRY, {"acts": acts})
            assert "There is no" in heard
            assert "77,777" not in heard
            assert "secret" not in heard.replace("What is secret?", "")

            page.reload()  # all of it is still there, and as it was
            expect(page.locator(".chip").first).to_contain_text("word for word")
            expect(page.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "false")
            theirs.close()
            mine.close()
