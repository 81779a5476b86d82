"""Config and tokenizer as every server reads them the same way.

Each rule here is a trap that serves a wrong model without an error: what one version writes, another does not read
and replaces by a default of its own.
"""

import json
from pathlib import Path
from typing import Any

from merge.errors import NoServableTemplate
from merge.hub import TOKENIZER_FILES

# What transformers takes where config.json says nothing, for the whole family.
DEFAULT_ROPE_THETA = 10_000.0
DEFAULT_MISTRAL_WINDOW = 4_096
# The class name that transformers 5 writes when it saves a tokenizer; older readers do not know it.
RESAVED_TOKENIZER = "TokenizersBackend"

# Mistral-7B-Instruct's format with the system message folded into the first user turn. Plain enough for minijinja,
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
    """The config.json of the merge: the base's, with everything said in both the old and the new keys."""
    config = {key: value for key, value in base.items() if not key.startswith("_")}
    rope = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
    theta = config.get("rope_theta", rope.get("rope_theta", DEFAULT_ROPE_THETA))
    kind = rope.pop("type", None) or rope.get("rope_type") or "default"
    config["rope_theta"] = theta  # all that transformers 4 and TGI read
    config["rope_parameters"] = rope | {"rope_theta": theta, "rope_type": kind}
    config["rope_scaling"] = config.get("rope_scaling")
    if kind != "default" and not config["rope_scaling"]:
        config["rope_scaling"] = {
            key: value for key, value in (rope | {"rope_type": kind}).items() if key != "rope_theta"
        }
    if config["architectures"][0].startswith("Mistral"):
        config["sliding_window"] = config.get("sliding_window", DEFAULT_MISTRAL_WINDOW)  # null stays null, and is said
    config["torch_dtype"] = config["dtype"] = "bfloat16"
    if quantization is not None:
        config["quantization_config"] = quantization
    return config


def tokenizer_files(base: Path) -> dict[str, bytes]:
    """The base's tokenizer byte for byte; only a chat template that servers would miss or refuse is put in its config.

    TGI reads no chat_template.jinja, and a template that refuses a system message is an error at the first question.
    Raises NoServableTemplate.
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
    # Readers that look at both must find the same.
    if "chat_template.jinja" in files:
        files["chat_template.jinja"] = template.encode()
    return files


def chat_template(tokenizer_config: dict[str, Any]) -> str | None:
    """The template inside tokenizer_config.json; the one named default where there are several."""
    template = tokenizer_config.get("chat_template")
    if isinstance(template, list):
        return next((entry["template"] for entry in template if entry.get("name") == "default"), None)
    return template


def refuses_system(template: str, tokenizer_config: dict[str, Any]) -> str | None:
    """Why a conversation with a system message cannot be rendered, or None if it can."""
    from jinja2 import TemplateError

    system = "You answer questions about contracts."
    try:
        text = render(
            template, tokenizer_config, [("system", system), ("user", "Q"), ("assistant", "A"), ("user", "R")]
        )
    except TemplateError as error:
        return str(error)
    return None if system in text else "it leaves the system message out"


def render(template: str, tokenizer_config: dict[str, Any], turns: list[tuple[str, str]]) -> str:
    """The prompt that a chat template makes of (role, content) turns. Raises jinja2.TemplateError."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    return environment.from_string(template).render(
        messages=[{"role": role, "content": content} for role, content in turns],
        add_generation_prompt=True,
        bos_token=_token(tokenizer_config, "bos_token"),
        eos_token=_token(tokenizer_config, "eos_token"),
    )


def _token(tokenizer_config: dict[str, Any], key: str) -> str:
    token = tokenizer_config.get(key) or ""
    return str(token["content"]) if isinstance(token, dict) else str(token)
