"""Each alarm of alarms.py: what is wrong, and what to do. `{…}` are the alarm's params."""

from appliance.errors import Words

ALARMS: dict[str, Words] = {
    "alarm.edge-absent": Words(
        "Nothing is known of calls and registrations.", "No se sabe nada de llamadas ni registros."
    ),
    "alarm.edge-absent.todo": Words(
        "The process edge has not reported since this box started. See System.",
        "El proceso edge no ha reportado desde que arrancó este equipo. Vea Sistema.",
    ),
    "alarm.edge-stale": Words(
        "Calls and registrations shown are old: the process edge stopped reporting.",
        "Las llamadas y los registros mostrados son viejos: el proceso edge dejó de reportar.",
    ),
    "alarm.edge-stale.todo": Words(
        "It restarts by itself; if this stays for a minute, run `conserje doctor`.",
        "Se reinicia solo; si esto sigue un minuto, ejecute `conserje doctor`.",
    ),
    "alarm.engine-down": Words("{engine} does not answer: no calls.", "{engine} no responde: no hay llamadas."),
    "alarm.engine-down.todo": Words(
        "It restarts by itself; if it does not, run `conserje doctor`.",
        "Se reinicia solo; si no, ejecute `conserje doctor`.",
    ),
    "alarm.media-down": Words("The media relay does not answer.", "El relevo de audio no responde."),
    "alarm.media-down.todo": Words(
        "Calls between phones go on, directly. It restarts by itself; if not, run `conserje doctor`.",
        "Las llamadas entre teléfonos siguen, directas. Se reinicia solo; si no, ejecute `conserje doctor`.",
    ),
    "alarm.voice-down": Words(
        "The voice services do not answer: no announcements.", "Los servicios de voz no responden: no hay anuncios."
    ),
    "alarm.voice-down.todo": Words(
        "Calls go on. It restarts by itself; if not, run `conserje doctor`.",
        "Las llamadas siguen. Se reinicia solo; si no, ejecute `conserje doctor`.",
    ),
    "alarm.process-silent": Words("The process {process} does not serve.", "El proceso {process} no da servicio."),
    "alarm.process-silent.todo": Words(
        "It restarts by itself; if this stays for a minute, run `conserje doctor`.",
        "Se reinicia solo; si esto sigue un minuto, ejecute `conserje doctor`.",
    ),
    "alarm.processes-silent": Words(
        "These processes do not serve: {processes}.", "Estos procesos no dan servicio: {processes}."
    ),
    "alarm.processes-silent.todo": Words(
        "They restart by themselves; if this stays for a minute, run `conserje doctor`.",
        "Se reinician solos; si esto sigue un minuto, ejecute `conserje doctor`.",
    ),
    "alarm.uncaught": Words(
        "Errors in the routing since it started: {count}.", "Errores en el enrutamiento desde que arrancó: {count}."
    ),
    "alarm.uncaught.todo": Words(
        "This is a defect of ours: send the log of kamailio to support.",
        "Es un defecto nuestro: envíe la bitácora de kamailio a soporte.",
    ),
    "alarm.call-emergency": Words("Emergency call from {who}: {detail}.", "Llamada de emergencia de {who}: {detail}."),
    "alarm.call-emergency.todo": Words(
        "Go there, and open the doors for those who come to help.",
        "Acuda al lugar y abra las puertas a quienes vienen a ayudar.",
    ),
    "alarm.call-emergency-test": Words(
        "{who} tried the way of an emergency call: {detail}.",
        "{who} probó el camino de una llamada de emergencia: {detail}.",
    ),
    "alarm.call-emergency-test.todo": Words("Nothing to do: it was a test.", "No hay nada que hacer: fue una prueba."),
    "alarm.call-fraud": Words(
        "A limit against fraud stopped a call of {who}: {detail}.",
        "Un límite contra el fraude detuvo una llamada de {who}: {detail}.",
    ),
    "alarm.call-fraud.todo": Words(
        "Ask them whether it was them; if not, change the phone's password at the central office.",
        "Pregúnteles si fueron ellos; si no, cambie la contraseña del teléfono en la central.",
    ),
    "alarm.guesser-banned": Words(
        "{address} guesses telephones' passwords; it gets no more answers.",
        "{address} adivina contraseñas de teléfonos; ya no recibe respuestas.",
    ),
    "alarm.guesser-banned.todo": Words(
        "See on the switch what is plugged in there. The ban ends by itself.",
        "Vea en el switch qué está conectado ahí. El bloqueo termina solo.",
    ),
    "alarm.scanner-banned": Words(
        "{address} looks for telephones and extensions; it gets no more answers.",
        "{address} busca teléfonos y extensiones; ya no recibe respuestas.",
    ),
    "alarm.scanner-banned.todo": Words(
        "See on the switch what is plugged in there. The ban ends by itself.",
        "Vea en el switch qué está conectado ahí. El bloqueo termina solo.",
    ),
    "alarm.trunk-unregistered": Words(
        "The carrier of the trunk {trunk} refuses our registration (SIP {status}).",
        "El operador de la troncal {trunk} rechaza nuestro registro (SIP {status}).",
    ),
    "alarm.trunk-unregistered.todo": Words(
        "Check its user name and password at the central office.",
        "Revise su usuario y contraseña en la central.",
    ),
    "alarm.trunk-down": Words("The trunk {trunk} does not answer.", "La troncal {trunk} no responde."),
    "alarm.trunk-down.todo": Words(
        "Calls leave by the next trunk, if there is one. Check the uplink, then the carrier.",
        "Las llamadas salen por la siguiente troncal, si la hay. Revise el enlace y luego al operador.",
    ),
    "alarm.sync-absent": Words(
        "Nothing is known of the link to the central office.", "No se sabe nada del enlace con la central."
    ),
    "alarm.sync-absent.todo": Words(
        "The process sync has not reported since this box started. See System.",
        "El proceso sync no ha reportado desde que arrancó este equipo. Vea Sistema.",
    ),
    "alarm.sync-stale": Words(
        "The link to the central office is not known: the process sync stopped reporting.",
        "No se conoce el enlace con la central: el proceso sync dejó de reportar.",
    ),
    "alarm.sync-stale.todo": Words(
        "It restarts by itself. The building goes on from its own copy.",
        "Se reinicia solo. El edificio sigue con su propia copia.",
    ),
    "alarm.central-down": Words("No link to the central office.", "Sin enlace con la central."),
    "alarm.central-down.todo": Words(
        "The building goes on from its own copy; changes made at the central office arrive when the link is back.",
        "El edificio sigue con su propia copia; los cambios hechos en la central llegan cuando vuelva el enlace.",
    ),
    "alarm.sync-error": Words(
        "The last change from the central office was not applied: {error}",
        "El último cambio de la central no se aplicó: {error}",
    ),
    "alarm.sync-error.todo": Words(
        "The building goes on with its last good copy. The central office shows the same message.",
        "El edificio sigue con su última copia buena. La central muestra el mismo mensaje.",
    ),
    "alarm.phone-lost": Words("The phone {phone} is lost.", "Se perdió el teléfono {phone}."),
    "alarm.phone-lost.todo": Words(
        "It was registered and went silent. Check its cable and the switch port.",
        "Estaba registrado y dejó de responder. Revise su cable y el puerto del switch.",
    ),
    "alarm.phones-lost": Words("{count} phones are lost.", "Se perdieron {count} teléfonos."),
    "alarm.phones-lost.todo": Words(
        "Several at once point to a switch or its power. See Phones.",
        "Varios a la vez apuntan a un switch o a su corriente. Vea Teléfonos.",
    ),
    "alarm.phone-quarantined": Words("The phone {phone} is in quarantine.", "El teléfono {phone} está en cuarentena."),
    "alarm.phone-quarantined.todo": Words(
        "What it says of itself does not agree; it is given nothing. Look at its evidence.",
        "Lo que dice de sí mismo no concuerda; no se le entrega nada. Vea su evidencia.",
    ),
    "alarm.phones-unknown": Words("Unknown phones waiting: {count}.", "Teléfonos sin asignar en espera: {count}."),
    "alarm.phones-unknown.todo": Words(
        "Give each to a person under Phones, or forget it.", "Asigne cada uno a una persona en Teléfonos, u olvídelo."
    ),
    "alarm.disk-low": Words("The disk has {percent} % free.", "El disco tiene {percent} % libre."),
    "alarm.disk-low.todo": Words(
        "Records that the central office has are removed by themselves; check the link and old logs.",
        "Los registros que ya tiene la central se borran solos; revise el enlace y las bitácoras viejas.",
    ),
    "alarm.certificate-expiring": Words(
        "The certificate {name} expires in {days} days.", "El certificado {name} vence en {days} días."
    ),
    "alarm.certificate-expiring.todo": Words(
        "It renews by itself while the link is up; check the link.",
        "Se renueva solo mientras haya enlace; revise el enlace.",
    ),
    "alarm.certificate-expired": Words("The certificate {name} has expired.", "El certificado {name} venció."),
    "alarm.certificate-expired.todo": Words(
        "Enrol the building again with a new claim code.", "Dé de alta el edificio otra vez con un código nuevo."
    ),
}
