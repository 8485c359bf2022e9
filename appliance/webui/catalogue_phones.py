"""The words of a phone's life: telling it, its files, swapping it, importing many. English and es-MX."""

from appliance.errors import Words

LIFE: dict[str, Words] = {
    "select.bar": Words("What to do with the marked phones", "Qué hacer con los teléfonos marcados"),
    "select.one": Words("Mark {name}", "Marcar {name}"),
    "select.page": Words("Mark all on this page", "Marcar todos los de esta página"),
    "select.count": Words("{count} marked", "{count} marcados"),
    "select.none": Words("Mark phones to act on several.", "Marque teléfonos para actuar sobre varios."),
    "select.all": Words("all {count} of this list", "los {count} de esta lista"),
    "select.clear": Words("Clear", "Quitar marcas"),
    "phones.tools": Words("More about phones", "Más sobre teléfonos"),
    "wish": Words("Resync and restart", "Releer archivos y reiniciar"),
    "wish.says": Words(
        "A phone in a call is never disturbed: it is told as soon as it hangs up.",
        "A un teléfono en llamada no se le molesta: se le avisa en cuanto cuelga.",
    ),
    "wish.none": Words("It was not told anything lately.", "No se le ha avisado nada últimamente."),
    "wish.resync": Words("Read its files again", "Releer sus archivos"),
    "wish.reboot": Words("Restart", "Reiniciar"),
    "wish.reboot.sure": Words(
        "Phones that are idle restart now and are away for a minute or two. Those in a call restart after it.",
        "Los teléfonos libres se reinician ya y faltan un par de minutos. Los que están en llamada, al terminarla.",
    ),
    "wish.reboot.yes": Words("Yes, restart", "Sí, reiniciar"),
    "wish.cancel": Words("Take it back", "Cancelar el aviso"),
    "wish.cannot": Words("Phones of this kind cannot be told.", "A este tipo de teléfono no se le puede avisar."),
    "wish.no.resync": Words(
        "Phones of this kind cannot be told to read their files.",
        "A este tipo de teléfono no se le puede pedir que relea sus archivos.",
    ),
    "wish.no.reboot": Words(
        "Phones of this kind cannot be told to restart.", "A este tipo de teléfono no se le puede pedir que reinicie."
    ),
    "wish.asked": Words("Asked", "Pedido"),
    "wish.by": Words("By", "Por"),
    "wish.by_itself": Words("the building: its files changed", "el edificio: cambiaron sus archivos"),
    "wish.told_at": Words("Told", "Avisado"),
    "wish.back_at": Words("Came back for its files", "Volvió por sus archivos"),
    "wish.not_back": Words("not yet", "todavía no"),
    "wish.status": Words("It answered", "Contestó"),
    "short.resync": Words("Resync", "Releer"),
    "short.forget": Words("Forget", "Olvidar"),
    "short.reboot": Words("Restart", "Reinicio"),
    "wish_state.waiting": Words("waiting", "en espera"),
    "wish_state.told": Words("told", "avisado"),
    "wish_state.back": Words("came back", "volvió"),
    "wish_state.silent": Words("no answer", "sin respuesta"),
    "wish_state.unneeded": Words("not needed", "no hizo falta"),
    "wish_state.given_up": Words("given up", "abandonado"),
    "wish_state.cancelled": Words("taken back", "cancelado"),
    "wish_state.waiting.means": Words("It is told as soon as it can be.", "Se le avisará en cuanto se pueda."),
    "wish_state.told.means": Words(
        "It was told and has not come for its files yet.", "Ya se le avisó y aún no viene por sus archivos."
    ),
    "wish_state.back.means": Words("It was told, and came for its files.", "Se le avisó y vino por sus archivos."),
    "wish_state.silent.means": Words(
        "It was told three times and did not answer. Check that it is on, or restart it by hand.",
        "Se le avisó tres veces y no contestó. Revise que esté encendido, o reinícielo a mano.",
    ),
    "wish_state.unneeded.means": Words(
        "It came for its files by itself before it was told.", "Vino por sus archivos antes de que se le avisara."
    ),
    "wish_state.given_up.means": Words(
        "It could not be told. It reads its files when it starts.",
        "No se le pudo avisar. Lee sus archivos al arrancar.",
    ),
    "wish_state.cancelled.means": Words(
        "Somebody took it back before it was told.", "Alguien lo canceló antes de avisarle."
    ),
    "held.in-a-call": Words("it is in a call", "está en una llamada"),
    "held.not-registered": Words("it is not registered", "no está registrado"),
    "held.edge-silent": Words(
        "the building cannot tell just now who is in a call", "el edificio no sabe ahora quién está en llamada"
    ),
    "held.no-answer": Words("it did not answer; it is told again", "no contestó; se le avisará otra vez"),
    "held.no-event": Words("phones of its kind cannot be told", "a los de su tipo no se les puede avisar"),
    "held.not-in-directory": Words("it is in no directory", "no está en el directorio"),
    "done.resync.one": Words(
        "{count} phone is told to read its files.", "Se avisa a {count} teléfono que relea sus archivos."
    ),
    "done.resync.many": Words(
        "{count} phones are told to read their files.", "Se avisa a {count} teléfonos que relean sus archivos."
    ),
    "done.reboot.one": Words("{count} phone is told to restart.", "Se avisa a {count} teléfono que se reinicie."),
    "done.reboot.many": Words("{count} phones are told to restart.", "Se avisa a {count} teléfonos que se reinicien."),
    "done.cancel.one": Words("{count} wish was taken back.", "Se canceló {count} aviso."),
    "done.cancel.many": Words("{count} wishes were taken back.", "Se cancelaron {count} avisos."),
    "done.forget.one": Words("{count} phone is forgotten.", "Se olvidó {count} teléfono."),
    "done.forget.many": Words("{count} phones are forgotten.", "Se olvidaron {count} teléfonos."),
    "done.resync.not.one": Words("{count} is nobody's and was left out.", "{count} no es de nadie y quedó fuera."),
    "done.resync.not.many": Words(
        "{count} are nobody's and were left out.", "{count} no son de nadie y quedaron fuera."
    ),
    "done.reboot.not.one": Words("{count} is nobody's and was left out.", "{count} no es de nadie y quedó fuera."),
    "done.reboot.not.many": Words(
        "{count} are nobody's and were left out.", "{count} no son de nadie y quedaron fuera."
    ),
    "done.cancel.not.one": Words("{count} had nothing waiting.", "{count} no tenía nada en espera."),
    "done.cancel.not.many": Words("{count} had nothing waiting.", "{count} no tenían nada en espera."),
    "done.forget.not.one": Words(
        "{count} is somebody's and stays: it is freed at the central office.",
        "{count} es de alguien y se queda: se libera en la central.",
    ),
    "done.forget.not.many": Words(
        "{count} are somebody's and stay: they are freed at the central office.",
        "{count} son de alguien y se quedan: se liberan en la central.",
    ),
    "phone.files": Words("Its files", "Sus archivos"),
    "phone.files.none": Words("It has no files of its own.", "No tiene archivos propios."),
    "phone.files.hint": Words(
        "As it would be given them now. A change since what it last was given is marked.",
        "Como se le entregarían ahora. Se marca lo que cambió desde lo último que se le dio.",
    ),
    "file.name": Words("File", "Archivo"),
    "file.size": Words("Bytes", "Bytes"),
    "file.sha256": Words("SHA-256", "SHA-256"),
    "file.given": Words("Last given", "Entregado"),
    "file.never": Words("Never given", "Nunca entregado"),
    "file.same": Words("Has it", "Lo tiene"),
    "file.changed": Words("Changed since", "Cambió"),
    "file.broken": Words("Template fails", "Falla la plantilla"),
    "file.secret": Words("holds its account", "contiene su cuenta"),
    "file.preview": Words("As it would be given now", "Como se entregaría ahora"),
    "file.preview.hint": Words("Passwords are stars.", "Las contraseñas son asteriscos."),
    "file.diff": Words("What changed since it was given", "Qué cambió desde que se entregó"),
    "file.diff.same": Words("The phone has exactly this.", "El teléfono tiene exactamente esto."),
    "file.diff.never": Words("It was never given this file.", "Nunca se le ha dado este archivo."),
    "file.diff.secret": Words("Only a password differs.", "Solo cambia una contraseña."),
    "file.diff.unknown": Words(
        "It differs; what it was given was too long to be kept.",
        "Cambió; lo que se le dio era demasiado largo para guardarlo.",
    ),
    "file.fetches": Words("When it asked for it", "Cuándo lo pidió"),
    "file.fetches.none": Words("It never asked for this file.", "Nunca ha pedido este archivo."),
    "file.removed": Words("Line that goes", "Línea que se va"),
    "file.added": Words("Line that comes", "Línea que llega"),
    "copy": Words("Copy", "Copiar"),
    "copied": Words("Copied", "Copiado"),
    "copy.failed": Words("Press Ctrl+C to copy", "Presione Ctrl+C para copiar"),
    "history": Words("History: what it asked for", "Historial: lo que pidió"),
    "history.hash": Words("SHA-256", "SHA-256"),
    "phone.settings": Words("Settings in force", "Ajustes vigentes"),
    "phone.settings.hint": Words(
        "Device before model before site before the house.", "Primero el aparato, luego el modelo, el sitio y la casa."
    ),
    "phone.settings.change": Words("Change for this phone", "Cambiar para este teléfono"),
    "source.house": Words("House", "Casa"),
    "source.site": Words("Site", "Sitio"),
    "source.model": Words("Model", "Modelo"),
    "source.device": Words("This phone", "Este teléfono"),
    "phone.keys": Words("Keys", "Teclas"),
    "phone.keys.none": Words("No keys are set.", "No hay teclas configuradas."),
    "key.line": Words("Line", "Línea"),
    "key.blf": Words("Watches", "Vigila"),
    "key.speed": Words("Dials", "Marca"),
    "key.park": Words("Park", "Estacionar"),
    "phone.fw": Words("Firmware", "Firmware"),
    "phone.fw.now": Words("It says", "Dice tener"),
    "phone.fw.target": Words("Target of its model", "Destino de su modelo"),
    "phone.fw.no_target": Words("none", "ninguno"),
    "phone.fw.has": Words("It has the target.", "Ya tiene el destino."),
    "phone.fw.led": Words("It is being led to it.", "Se le está llevando a él."),
    "phone.fw.not_led": Words("Its turn has not come.", "Aún no le toca."),
    "sheet.closed": Words("Its files cannot be shown just now", "Sus archivos no se pueden mostrar ahora"),
    "swap": Words("Swap a broken phone", "Cambiar un teléfono descompuesto"),
    "swap.open": Words("It is broken: put another in its place", "Está descompuesto: poner otro en su lugar"),
    "swap.says": Words(
        "The other device gets the same person, number and keys, and a new password: the broken one is nobody's from "
        "then on. It works also without a link to the central office.",
        "El otro aparato recibe la misma persona, número y teclas, y una contraseña nueva: el descompuesto ya no es de "
        "nadie. Funciona también sin enlace con la central.",
    ),
    "swap.seen": Words("Devices seen here that are nobody's", "Aparatos vistos aquí que no son de nadie"),
    "swap.seen.none": Words(
        "None yet. Plug the new device in and it appears, or type its MAC below.",
        "Ninguno aún. Conecte el aparato nuevo y aparecerá, o escriba su MAC abajo.",
    ),
    "swap.mac": Words("Or the MAC on its label", "O la MAC de su etiqueta"),
    "swap.family": Words("Family, where its MAC does not tell", "Familia, si su MAC no lo dice"),
    "swap.auto": Words("By its MAC", "Según su MAC"),
    "swap.button": Words("Put it in its place", "Ponerlo en su lugar"),
    "swap.done": Words(
        "{new} is in the place of {old}. It takes its files when it next asks; replug it to hurry it.",
        "{new} está en lugar de {old}. Toma sus archivos cuando los pida; reconéctelo para apurarlo.",
    ),
    "swap.in_place": Words("This device took the place of {old}.", "Este aparato tomó el lugar de {old}."),
    "swap.undo": Words("Swap back", "Deshacer el cambio"),
    "swap.undo.says": Words(
        "{old} is the phone again, this one is nobody's.", "{old} vuelve a ser el teléfono; este queda sin dueño."
    ),
    "assign": Words("Give it to another person", "Asignarlo a otra persona"),
    "assign.open": Words("Give it to another person", "Asignarlo a otra persona"),
    "assign.says": Words(
        "The phone keeps its keys and its password; label, extension and mailbox are the other person's once it has "
        "read its files again, which it is told by itself. It works also without a link to the central office.",
        "El teléfono conserva sus teclas y su contraseña; la etiqueta, la extensión y el buzón serán de la otra "
        "persona en cuanto lea de nuevo sus archivos, lo que se le avisa solo. Funciona también sin enlace con la "
        "central.",
    ),
    "assign.hint": Words(
        "Type the extension or the name. Only people of its company without a phone are offered.",
        "Escriba la extensión o el nombre. Solo se ofrecen personas de su empresa sin teléfono.",
    ),
    "assign.done": Words("It is for {person} now.", "Ahora es para {person}."),
    "import": Words("Import from a file", "Importar de un archivo"),
    "import.says": Words(
        "A CSV file as a spreadsheet writes it. The first line names the columns: mac; email, or company and "
        "extension; model if you like. Nothing is done before you have seen what would be.",
        "Un archivo CSV como lo guarda una hoja de cálculo. La primera línea nombra las columnas: mac; correo, o "
        "empresa y extensión; modelo si quiere. Nada se hace antes de que vea qué se haría.",
    ),
    "import.file": Words("CSV file, up to 2 MB", "Archivo CSV, hasta 2 MB"),
    "import.check": Words("Check it", "Revisarlo"),
    "import.other": Words("Check another file", "Revisar otro archivo"),
    "import.report": Words("What it would do", "Qué se haría"),
    "import.report.done": Words("What was done", "Qué se hizo"),
    "import.good": Words("{count} good", "{count} bien"),
    "import.bad": Words("{count} with a problem", "{count} con problema"),
    "import.given": Words("{count} given", "{count} asignados"),
    "import.all.one": Words("Give this {count} phone", "Asignar este {count} teléfono"),
    "import.all.many": Words("Give these {count} phones", "Asignar estos {count} teléfonos"),
    "import.each.one": Words("Give only the {count} good one", "Asignar solo el que está bien ({count})"),
    "import.each.many": Words("Give only the {count} good ones", "Asignar solo los {count} que están bien"),
    "import.nothing": Words("No line can be done.", "Ninguna línea se puede hacer."),
    "import.empty": Words("The file has no lines.", "El archivo no tiene líneas."),
    "import.line": Words("Line", "Línea"),
    "import.phone": Words("Phone", "Teléfono"),
    "import.person": Words("For", "Para"),
    "import.verdict": Words("Verdict", "Dictamen"),
    "import.fine": Words("good", "bien"),
    "import.is_done": Words("given", "asignado"),
    "import.more": Words("{count} more lines are good.", "{count} líneas más están bien."),
    "import.example": Words("Example", "Ejemplo"),
    "import.done.one": Words("{count} phone was given.", "Se asignó {count} teléfono."),
    "import.done.many": Words("{count} phones were given.", "Se asignaron {count} teléfonos."),
    "action.phone_told": Words("Phone told", "Aviso a un teléfono"),
    "action.phone_wish_cancelled": Words("Wish taken back", "Aviso cancelado"),
    "action.phone_swapped": Words("Phone swapped", "Teléfono cambiado"),
    "action.phone_swap_refused": Words("Swap refused", "Cambio rechazado"),
    "action.phone_assigned": Words("Phone given to another person", "Teléfono asignado a otra persona"),
    "action.phone_assignment_refused": Words("Assignment refused", "Asignación rechazada"),
    "action.phones_imported": Words("Phones imported", "Teléfonos importados"),
    "action.override_changed": Words("Override changed", "Ajuste propio cambiado"),
    "action.override_refused": Words("Override refused", "Ajuste propio rechazado"),
    "action.firmware_added": Words("Firmware added", "Firmware agregado"),
    "action.firmware_refused": Words("Firmware refused", "Firmware rechazado"),
    "action.firmware_removed": Words("Firmware removed", "Firmware quitado"),
    "action.firmware_target": Words("Firmware target set", "Destino de firmware puesto"),
    "action.firmware_rollout": Words("Firmware roll-out", "Despliegue de firmware"),
}
