"""`conserje say`: what a caller would hear, as a file for a technician's ears."""

import wave
from pathlib import Path

import click

from appliance.errors import InputProblem, Words
from appliance.settings import Settings
from appliance.voice import synthesis
from appliance.voice.codecs import LAWS, RATE_HZ
from appliance.voice.prompts import Shelf, spoken_by
from appliance.voice.sentences import CUES, LANGUAGES, SENTENCES, language_of


@click.command()
@click.argument("announcement", required=False)
@click.option("--language", default="", help="es-MX or en; else the language of this building.")
@click.option("--codec", type=click.Choice(sorted(LAWS)), default="PCMA", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The WAV file to write.")
@click.option("--list", "list_all", is_flag=True, help="List the announcements with their words and voices.")
@click.pass_obj
def say(
    settings: Settings, announcement: str | None, language: str, codec: str, out: Path | None, list_all: bool
) -> None:
    """Write what a caller hears at ANNOUNCEMENT to a WAV file, as it sounds after the telephone's codec."""
    chosen = language_of(language or settings.language)
    if list_all:
        _list(chosen)
        return
    if announcement is None or out is None:
        raise click.UsageError("Name an announcement and --out, or use --list.")
    if announcement not in CUES:
        raise InputProblem(
            Words(f'There is no announcement "{announcement}".', f"No hay ningún anuncio «{announcement}»."),
            Words("`conserje say --list` shows all.", "`conserje say --list` los muestra todos."),
        )
    synthesis.make_all(synthesis.cache_dir(settings))
    shelf, spoken_in = Shelf.of(settings), LAWS[codec]
    heard = spoken_in.decode(bytes(shelf.encoded(announcement, chosen, spoken_in)))
    with wave.open(str(out), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(heard.astype("<i2").tobytes())
    click.echo(f"{out}: {len(heard) / RATE_HZ:.1f} s, {chosen}, {codec}")
    for problem in shelf.missing():
        click.echo(problem.text(chosen), err=True)


def _list(language: str) -> None:
    for cue, sentence in SENTENCES.items():
        spoken = sentence.spoken(language)
        click.echo(f"{cue}\n    {spoken.text}\n    {spoken_by(spoken)}; {' '.join(LANGUAGES)}")
