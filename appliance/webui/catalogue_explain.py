"""The words of the page that explains a call, English and es-MX."""

from appliance.errors import Words

EXPLAIN: dict[str, Words] = {
    "explain": Words("Explain a call", "Explicar una llamada"),
    "explain.says": Words(
        "Which way a call would go, and why, by the function that routes it. Nobody's phone rings.",
        "Por dónde iría una llamada y por qué, según la función que la enruta. No suena ningún teléfono.",
    ),
    "explain.ask": Words("Question", "Pregunta"),
    "explain.caller": Words("Who calls: extension or MAC", "Quién llama: extensión o MAC"),
    "explain.dialled": Words("What is dialled", "Qué marca"),
    "explain.any_account": Words("the one that has the extension", "la que tenga la extensión"),
    "explain.trunk": Words("Comes from", "Viene de"),
    "explain.inside": Words("a phone of this building", "un teléfono de este edificio"),
    "explain.at": Words("When; empty: now", "Cuándo; vacío: ahora"),
    "explain.button": Words("Explain", "Explicar"),
    "explain.audited": Words(
        "This question is in the audit. People's names, and numbers that you did not type, are left out.",
        "Esta pregunta queda en la auditoría. Los nombres de personas y los números que no escribió se omiten.",
    ),
    "explain.way": Words("What happens", "Qué pasa"),
    "explain.why": Words("Why", "Por qué"),
}
