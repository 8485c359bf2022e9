"""The words of signing in, users, roles, audit and errors, English and es-MX."""

from appliance.errors import Words

PEOPLE: dict[str, Words] = {
    "users": Words("Users", "Usuarios"),
    "users.add": Words("Add a user", "Agregar usuario"),
    "users.add.button": Words("Add", "Agregar"),
    "users.role": Words("Role", "Rol"),
    "users.role_of": Words("Role of {name}", "Rol de {name}"),
    "users.last": Words("Last sign-in", "Última entrada"),
    "users.do": Words("Actions", "Acciones"),
    "users.save": Words("Save", "Guardar"),
    "users.reset": Words("New password", "Nueva contraseña"),
    "users.reset.sure": Words(
        "{name} is signed out and gets a new password.", "Se cierra la sesión de {name} y recibe una contraseña nueva."
    ),
    "users.remove": Words("Remove", "Quitar"),
    "users.remove.sure": Words("{name} can no longer sign in.", "{name} ya no podrá entrar."),
    "users.removed": Words("{name} was removed.", "Se quitó a {name}."),
    "users.role_changed": Words("The role of {name} was changed.", "Se cambió el rol de {name}."),
    "users.made": Words("Password of {name}, shown only now:", "Contraseña de {name}, se muestra solo ahora:"),
    "users.made.todo": Words(
        "Hand it over in person. At the first sign-in another must be chosen.",
        "Entréguela en persona. Al entrar por primera vez hay que elegir otra.",
    ),
    "users.temporary": Words("temporary password", "contraseña temporal"),
    "role.viewer": Words("Viewer", "Observador"),
    "role.technician": Words("Technician", "Técnico"),
    "role.administrator": Words("Administrator", "Administrador"),
    "role.viewer.means": Words("looks.", "mira."),
    "role.technician.means": Words(
        "also adopts, resyncs, restarts, swaps, reassigns and imports phones, and opens files and a call's detail.",
        "además asigna, avisa, reinicia, cambia e importa teléfonos, y abre archivos y el detalle de una llamada.",
    ),
    "role.administrator.means": Words(
        "also keeps overrides, firmware and users, and reads the audit.",
        "además administra ajustes propios, firmware y usuarios, y lee la auditoría.",
    ),
    "audit": Words("Audit", "Auditoría"),
    "audit.at": Words("When", "Cuándo"),
    "audit.who": Words("Who", "Quién"),
    "audit.what": Words("What", "Qué"),
    "audit.subject": Words("Of what", "Sobre qué"),
    "audit.change": Words("Before and after", "Antes y después"),
    "audit.none": Words("Nothing yet.", "Nada aún."),
    "audit.newest": Words("Newest", "Más recientes"),
    "audit.older": Words("Older", "Anteriores"),
    "action.login": Words("Signed in", "Entró"),
    "action.login_failed": Words("Sign-in refused", "Entrada rechazada"),
    "action.login_blocked": Words("Sign-in blocked for a while", "Entrada bloqueada un rato"),
    "action.logout": Words("Signed out", "Salió"),
    "action.user_added": Words("User added", "Usuario agregado"),
    "action.user_removed": Words("User removed", "Usuario quitado"),
    "action.role_changed": Words("Role changed", "Rol cambiado"),
    "action.password_changed": Words("Password changed", "Contraseña cambiada"),
    "action.phone_adopted": Words("Phone given to a person", "Teléfono asignado"),
    "action.phone_adoption_refused": Words("Phone not given", "Teléfono no asignado"),
    "action.phone_forgotten": Words("Phone forgotten", "Teléfono olvidado"),
    "action.call_seen": Words("Call opened", "Llamada abierta"),
    "action.route_explained": Words("Call explained", "Llamada explicada"),
    "login.title": Words("Sign in", "Entrar"),
    "login.says": Words("The phones of this building.", "Los teléfonos de este edificio."),
    "login.user": Words("User", "Usuario"),
    "login.password": Words("Password", "Contraseña"),
    "login.button": Words("Sign in", "Entrar"),
    "login.help": Words(
        "No user yet? On the appliance: conserje users add NAME --role administrator",
        "¿Aún sin usuario? En el equipo: conserje users add NOMBRE --role administrator",
    ),
    "login.wrong": Words("That user and password do not go together.", "Ese usuario y esa contraseña no corresponden."),
    "login.blocked": Words(
        "Too many attempts. Wait {minutes} min and try again.",
        "Demasiados intentos. Espere {minutes} min e intente de nuevo.",
    ),
    "account.must": Words(
        "This password is temporary. Choose your own to go on.",
        "Esta contraseña es temporal. Elija la suya para continuar.",
    ),
    "account.now": Words("Current password", "Contraseña actual"),
    "account.new": Words("New password", "Contraseña nueva"),
    "account.again": Words("New password again", "Contraseña nueva otra vez"),
    "account.hint": Words(
        "At least {shortest} characters. A few words make a good one.",
        "Al menos {shortest} caracteres. Unas cuantas palabras son buena idea.",
    ),
    "account.button": Words("Change password", "Cambiar contraseña"),
    "account.wrong": Words(
        "The current password is not right. Try again.", "La contraseña actual no es correcta. Intente de nuevo."
    ),
    "account.differ": Words(
        "The two new passwords differ. Type them again.",
        "Las dos contraseñas nuevas no son iguales. Escríbalas de nuevo.",
    ),
    "account.same": Words(
        "The new password is the old one. Choose another.", "La contraseña nueva es la misma. Elija otra."
    ),
    "account.done": Words("Your password was changed.", "Se cambió su contraseña."),
    "error.home": Words("To the overview", "Ir al resumen"),
    "error.csrf": Words(
        "This form is too old, or came from elsewhere.", "Este formulario es viejo, o vino de otro lado."
    ),
    "error.csrf.todo": Words(
        "Go back, reload the page and send it again.", "Regrese, recargue la página y envíelo otra vez."
    ),
    "error.401": Words("Sign in first.", "Entre primero."),
    "error.401.todo": Words("Your session may have ended.", "Quizá su sesión terminó."),
    "error.403": Words("Your role does not allow this.", "Su rol no permite esto."),
    "error.403.todo": Words(
        "Ask an administrator of this building.", "Pídalo a una persona administradora de este edificio."
    ),
    "error.404": Words("There is nothing here.", "Aquí no hay nada."),
    "error.404.todo": Words(
        "The address may be wrong, or what it showed is gone.",
        "La dirección puede estar mal, o lo que mostraba ya no existe.",
    ),
    "error.405": Words("That cannot be done here.", "Eso no se puede hacer aquí."),
    "error.405.todo": Words("Start again from the overview.", "Empiece otra vez desde el resumen."),
    "error.413": Words("That is too large.", "Eso es demasiado grande."),
    "error.413.todo": Words(
        "Choose a smaller file, or send less text.", "Elija un archivo más chico, o envíe menos texto."
    ),
    "error.other": Words("Something went wrong on our side.", "Algo falló de nuestro lado."),
    "error.other.todo": Words(
        "It is in the log. Try again; if it stays, run `conserje doctor`.",
        "Quedó en la bitácora. Intente de nuevo; si sigue, ejecute `conserje doctor`.",
    ),
}
