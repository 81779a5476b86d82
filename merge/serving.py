"""Config and tokenizer files that all servers (TGI, vLLM, transformers 4 and 5) read the same way.

Each rule here prevents that a server loads a wrong model without an error: keys that one version writes are unknown to
another, which then uses its own default.
"""

import json
from pathlib import Path
from typing import Any

from merge.errors import NoServableTemplate
from merge.hub import TOKENIZER_FILES

# Defaults of transformers for keys that config.json lacks.
DEFAULT_ROPE_THETA = 10_000.0
DEFAULT_MISTRAL_WINDOW = 4_096
# The class name that transformers 5 writes when it saves a tokenizer; older versions do not know it.
RESAVED_TOKENIZER = "TokenizersBackend"

# Mistral-7B-Instruct's format, with the system message merged into the first user message. Plain enough for minijinja,
# the template engine of TGI.
MISTRAL_TEMPLATE = (
    "{%- if messages[0]['role'] == 'system' %}"
    "{%- set system = messages[0]['content'] + '\\n\\n' %}{%- set turns = messages[1:] %}"
    "{%- else %}{%- set system = '' %}{%- set turns = messages %}{%- endif %}"
    "{{- bos_token }}"
    "{%- for turn in turns %}"
    "{%- if (turn['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{- raise_exception('After an optional system message, roles must alternate user/assistant/user/assistant') }}"
    "{%- endif %}"
    "{%- if turn['role'] == 'user' %}"
    "{{- '[INST] ' + (system if loop.first else '') + turn['content'] + ' [/INST]' }}"
    "{%- else %}{{- ' ' + turn['content'] + eos_token }}{%- endif %}"
    "{%- endfor %}"
)


def serving_config(base: dict[str, Any], quantization: dict[str, Any] | None = None) -> dict[str, Any]:
    """The config.json of the merge: the base's, with every value under both its old and its new key."""
    config = {key: value for key, value in base.items() if not key.startswith("_")}
    rope = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
    theta = config.get("rope_theta", rope.get("rope_theta", DEFAULT_ROPE_THETA))
    kind = rope.pop("type", None) or rope.get("rope_type") or "default"
    config["rope_theta"] = theta  # the only key that transformers 4 and TGI read
    config["rope_parameters"] = rope | {"rope_theta": theta, "rope_type": kind}
    config["rope_scaling"] = config.get("rope_scaling")
    if kind != "default" and not config["rope_scaling"]:
        config["rope_scaling"] = {
            key: value for key, value in (rope | {"rope_type": kind}).items() if key != "rope_theta"
        }
    if config["architectures"][0].startswith("Mistral"):
        config["sliding_window"] = config.get("sliding_window", DEFAULT_MISTRAL_WINDOW)  # an explicit null stays null
    config["torch_dtype"] = config["dtype"] = "bfloat16"
    if quantization is not None:
        config["quantization_config"] = quantization
    return config


def tokenizer_files(base: Path) -> dict[str, bytes]:
    """The base's tokenizer files, unchanged but for a chat template that servers would not find or that refuses system
    messages.

    TGI does not read chat_template.jinja, so the template is written to tokenizer_config.json; one that refuses a
    system message would fail at the first question, so it is replaced. Raises NoServableTemplate.
    """
    files = {name: (base / name).read_bytes() for name in TOKENIZER_FILES if (base / name).exists()}
    if "tokenizer_config.json" not in files:
        return files
    config = json.loads(files["tokenizer_config.json"])
    template = chat_template(config) or files.get("chat_template.jinja", b"").decode()
    if not template:
        return files
    refusal = refuses_system(template, config)
    if refusal is not None:
        if "[INST]" not in template:
            raise NoServableTemplate(folder=base, reason=refusal)
        template = MISTRAL_TEMPLATE
    if template != chat_template(config):
        config["chat_template"] = template
        files["tokenizer_config.json"] = (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode()
    # Both files must have the same template.
    if "chat_template.jinja" in files:
        files["chat_template.jinja"] = template.encode()
    return files


def chat_template(tokenizer_config: dict[str, Any]) -> str | None:
    """The chat template in tokenizer_config.json; of several, the one named "default"."""
    template = tokenizer_config.get("chat_template")
    if isinstance(template, list):
        return next((entry["template"] for entry in template if entry.get("name") == "default"), None)
    return template


def refuses_system(template: str, tokenizer_config: dict[str, Any]) -> str | None:
    """Why the template does not render a conversation with a system message, or None if it does."""
    from jinja2 import TemplateError

    system = "You answer questions about contracts."
    try:
        text = render(
            template, tokenizer_config, [("system", system), ("user", "Q"), ("assistant", "A"), ("user", "R")]
        )
    except TemplateError as error:
        return str(error)
    return None if system in text else "it omits the system message"


def render(template: str, tokenizer_config: dict[str, Any], turns: list[tuple[str, str]]) -> str:
    """Render a chat template with (role, content) messages to a prompt. Raises jinja2.TemplateError."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = raise_exception
    return environment.from_string(template).render(
        messages=[{"role": role, "content": content} for role, content in turns],
        add_generation_prompt=True,
        bos_token=_token(tokenizer_config, "bos_token"),
        eos_token=_token(tokenizer_config, "eos_token"),
    )


def _token(tokenizer_config: dict[str, Any], key: str) -> str:
    token = tokenizer_config.get(key) or ""
    return str(token["content"]) if isinstance(token, dict) else str(token)
