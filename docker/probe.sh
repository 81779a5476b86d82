#!/bin/sh
# probe.sh PREFIX…: through PREFIX (`docker compose exec -T app`, say) put a PDF into a matter, ask, look at the citations,
# and take it all away again. Both the smoke test of the containers and the check in a clean root do just this. With
# PROBE_WANTS_ENGINE=yes it fails where no language model wrote the answer.
set -eu
matter=Smoke-$$
question='Can the customer end the contract without giving a reason?'

echo "- adds a PDF"
# shellcheck disable=SC2016  # for the shell inside
"$@" sh -c 'cat "$(python -c "from webapp.service.workspace import packaged_sample; print(packaged_sample())")" >/tmp/smoke.pdf'
"$@" pincite add "$matter" /tmp/smoke.pdf --json

echo "- asks"
"$@" pincite ask "$matter" "$question" --json >"${TMPDIR:-/tmp}/probe.$$"

echo "- looks for a verified citation"
status=0
"$@" python -c '
import json, sys

[answer] = [json.loads(line) for line in sys.stdin]
quotes = [c["quote"] for c in answer["citations"] if c["verified"]]
key_language = [s["text"] for s in answer["key_language"]]
words = "one hundred eighty (180) days"
print("  language model:", answer["engine"] or "none", "- verified citations:", len(quotes), "- key sentences:", len(key_language))
if sys.argv[1] and answer["engine"] in (None, "none"):
    sys.exit("  No language model wrote this.")
if not answer["found"] or not any(words in text for text in quotes + key_language):
    sys.exit("  No citation and no key sentence holds the words " + repr(words) + ".")
' "${PROBE_WANTS_ENGINE:-}" <"${TMPDIR:-/tmp}/probe.$$" || status=$?
rm -f "${TMPDIR:-/tmp}/probe.$$"

echo "- deletes the matter"
"$@" pincite matters delete "$matter" --yes --json
exit "$status"
